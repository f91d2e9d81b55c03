/* SPDX-License-Identifier: MIT */
/*
 * report_test.c - from record to text, and the suppressions, with hand-made records and names that never change.
 *
 * Each text is compared with tests/report/golden/NAME.txt; UPDATE_GOLDEN=1 rewrites them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

static int failed;

static void result(const char *name, int good, const char *why)
{
	if (good)
		printf("ok %s\n", name);
	else
		printf("not ok %s: %s\n", name, why);
	failed |= !good;
}

/* ---- names ------------------------------------------------------------------------------------------------------------ */

static const struct {
	uint64_t pc;
	struct frame_text text;
} known[] = {
	{ 0x101010, { "cache_put", "/src/cache.c", 42, 0x1b, 0 } },
	{ 0x101020, { "worker", "/src/main.c", 17, 0x6e, 0 } },
	{ 0x101030, { "main", "/src/main.c", 60, 0x28, 0 } },
	{ 0x101040, { "shop::Cart::add(int, char const*)", "/src/cart.cc", 7, 0x12, 0 } },
	{ 0x101050, { "asm_stub", "/src/stub.S", 0, 0x3, 0 } },
	{ 0x101060, { "evil\033[2J\nname", "/src/\033]0;x\007.c", 3, 0x9, 0 } },
};

/* 0x102000: a call inlined twice; 0x103000: our header inlined into the user's function. */
static int frame(void *state, const struct record *r, const struct record_frame *f, struct frame_text *out, int max)
{
	static const struct frame_text inlined[] = {
		{ "slot_set", "/src/slot.h", 11, 0x44, 1 },
		{ "table_add", "/src/table.c", 80, 0x44, 1 },
		{ "serve", "/src/main.c", 33, 0x44, 0 },
	};
	static const struct frame_text annotated[] = {
		{ "race_map_insert", "/usr/local/include/librace.h", 120, 0x20, 1 },
		{ "pool_add", "/src/pool.c", 9, 0x20, 0 },
	};

	memset(out, 0, sizeof(*out));
	if (f->pc == 0x102000) {
		memcpy(out, inlined, sizeof(inlined));
		return 3;
	}
	if (f->pc == 0x103000) {
		memcpy(out, annotated, sizeof(annotated));
		return 2;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].pc == f->pc) {
			*out = known[i].text;
			return 1;
		}
	}
	out->offset = f->pc - (f->module < r->nmodules ? r->modules[f->module].base : 0);
	return 1;
}

static int object(void *state, const struct record *r, uint64_t address, char *to, size_t cap)
{
	if (address != 0x140080)
		return 0;
	snprintf(to, cap, "session_table+0x0");
	return 1;
}

static struct resolver names = { NULL, frame, object, NULL };

/* ---- records ------------------------------------------------------------------------------------------------------------ */

enum { GLIB, PROG, OWN, LIBC };
static struct record r;

static void push(struct record_stack *s, uint32_t module, uint64_t pc)
{
	struct record_frame *f = &s->frames[s->nframes];

	f->pc = pc;
	f->module = module;
	f->is_entry = s->nframes == 0 && s->op[0];
	s->nframes++;
}

static void stack(struct record_stack *s, const char *op, uint32_t owner, uint64_t entry)
{
	memset(s, 0, sizeof(*s));
	if (op) {
		snprintf(s->op, sizeof(s->op), "%s", op);
		push(s, owner, entry);
	}
}

static void access_of(struct record_access *a, int write, uint32_t thread, const char *op, uint64_t entry)
{
	memset(a, 0, sizeof(*a));
	a->write = (uint32_t)write;
	a->thread = thread;
	a->have_note = 1;
	a->bucket = 0xffffffffu;
	stack(&a->stack, op, GLIB, entry);
}

static void module(uint64_t base, const char *path)
{
	r.modules[r.nmodules].base = base;
	snprintf(r.modules[r.nmodules++].path, sizeof(r.modules[0].path), "%s", path);
}

static struct record_thread *thread(uint32_t number, const char *name, int running)
{
	struct record_thread *t = &r.threads[r.nthreads++];

	t->number = number;
	t->running = (uint32_t)running;
	snprintf(t->name, sizeof(t->name), "%s", name);
	return t;
}

static void key_text(struct record_access *a, const char *text, int cut)
{
	a->key_kind = RECORD_KEY_STRING;
	a->key_len = (uint32_t)strlen(text);
	a->key_cut = (uint32_t)cut;
	memcpy(a->key, text, a->key_len);
}

static void key_value(struct record_access *a, uint32_t kind, int64_t value)
{
	a->key_kind = kind;
	a->key_len = 8;
	memcpy(a->key, &value, sizeof(value));
}

/* The example of the manual: thread 3 inserts, the main thread has looked up. */
static void base(void)
{
	struct record_thread *worker;

	memset(&r, 0, sizeof(r));
	r.magic = RECORD_MAGIC;
	r.version = RECORD_VERSION;
	r.size = sizeof(r);
	r.kind = RECORD_RACE;
	r.verdict = RECORD_LIKELY;
	r.cause = CAUSE_FORGOTTEN_LOCK;
	r.severity = SEVERITY_LOW;
	r.confidence = 95;
	r.map = 0x55d0c0a4f2a0;
	r.entries = 214;
	r.location_module = RECORD_NO_MODULE;
	snprintf(r.map_kind, sizeof(r.map_kind), "GHashTable");
	snprintf(r.program, sizeof(r.program), "cached");
	module(0x7f0000000000, "/usr/lib/x86_64-linux-gnu/libglib-2.0.so.0");
	module(0x100000, "/usr/bin/cached");
	module(0x7f1000000000, "/opt/app/libtable.so.2");
	module(0x7f2000000000, "/lib/x86_64-linux-gnu/libc.so.6");
	thread(0, "", 1);
	worker = thread(3, "worker-1", 1);
	push(&worker->created, PROG, 0x101030);
	access_of(&r.now, 1, 1, "g_hash_table_insert", 0x7f000004a2c0);
	push(&r.now.stack, PROG, 0x101010);
	push(&r.now.stack, PROG, 0x101020);
	access_of(&r.before, 0, 0, "g_hash_table_lookup", 0x7f0000049100);
	push(&r.before.stack, PROG, 0x101030);
	r.before.nlocks = 1;
	r.before.locks[0] = 0x55d0c0a4f300;
	r.now.time_ns = 5000008200;
	r.before.time_ns = 5000000000;
}

static void full(void)
{
	base();
	r.verdict = RECORD_CERTAIN;
	r.confidence = 99;
	r.usual_lock = r.before.locks[0];
	r.usual_held = 412;
	r.usual_of = 413;
	r.usual_lacks = 1;
	snprintf(r.label, sizeof(r.label), "session cache");
	r.buckets = 256;
	r.now.bucket = r.before.bucket = 17;
	key_text(&r.now, "alice", 0);
	key_text(&r.before, "bob", 0);
	r.has_created = 1;
	stack(&r.created, "g_hash_table_new", GLIB, 0x7f0000048000);
	push(&r.created, PROG, 0x101030);
	r.heap_bytes = 96;
	snprintf(r.now.context, sizeof(r.now.context), "req=71");
	snprintf(r.before.context, sizeof(r.before.context), "reload");
}

/* The ledger: every entry in its own words. */
static struct record_evidence *evidence(enum record_evidence_kind kind, uint32_t module_index, uint32_t count, uint64_t at)
{
	struct record_evidence *e = &r.evidence[r.nevidence++];

	e->kind = kind;
	e->module = module_index;
	e->count = count;
	e->at = at;
	return e;
}

static void marks_in_code(void)
{
	base();
	r.verdict = RECORD_POSSIBLE;
	r.confidence = 5;
	evidence(EVIDENCE_ATOMICS, PROG, 12, 0x11f0);
	evidence(EVIDENCE_FENCES, PROG, 1, 0x1200);
	evidence(EVIDENCE_PAUSES, 2, 3, 0x1210);
	evidence(EVIDENCE_WAITS, 2, 1, 0x1220);
	evidence(EVIDENCE_UNKNOWN_CODE, RECORD_NO_MODULE, 0, 0);
}

static void objects_and_polling(void)
{
	base();
	r.verdict = RECORD_POSSIBLE;
	r.confidence = 15;
	snprintf(evidence(EVIDENCE_ATOMIC_OBJECT, PROG, 2, 0)->text, 100, "ready (src/main.c:12)");
	snprintf(evidence(EVIDENCE_VOLATILE_OBJECT, PROG, 1, 0)->text, 100, "stop\033[31m (src/main.c:13)");
	evidence(EVIDENCE_POLLED, PROG, 14, 0x1234);
	evidence(EVIDENCE_HELD_BACK, RECORD_NO_MODULE, 4, 0);
	evidence(EVIDENCE_LEARNED, RECORD_NO_MODULE, 0, 0);
}

static void likely_in_spite_of_doubt(void)
{
	base();
	r.confidence = 80;
	r.severity = SEVERITY_HIGH;
	r.before.write = 1;
	r.usual_lock = r.before.locks[0];
	r.usual_held = 30;
	r.usual_of = 40;
	r.usual_lacks = 1;
	evidence(EVIDENCE_ATOMICS, PROG, 1, 0x11f0);
	evidence(EVIDENCE_USUAL_LOCK, RECORD_NO_MODULE, 0, r.usual_lock)->supports = 1;
}

static void met_while_held(void)
{
	base();
	r.verdict = RECORD_CERTAIN;
	r.confidence = 99;
	r.severity = SEVERITY_MEDIUM;
	evidence(EVIDENCE_MET, RECORD_NO_MODULE, 2, 0)->supports = 1;
}

static void during_resize(void)
{
	full();
	r.severity = SEVERITY_MEDIUM;
	r.resize_from = 8;
	r.resize_to = 16;
	r.entries_at_resize = 12;
}

static void after_resize(void)
{
	base();
	r.resize_from = 4096;
	r.resize_to = 8192;
	r.entries_at_resize = -1;
}

static void dead(void)
{
	base();
	r.kind = RECORD_DEAD_MAP;
	r.verdict = RECORD_CERTAIN;
	r.cause = CAUSE_USE_AFTER_DESTROY;
	r.entries = -1;
	access_of(&r.before, 1, 0, "g_hash_table_unref", 0x7f0000049500);
	push(&r.before.stack, PROG, 0x101030);
}

static void dead_never_created(void)
{
	dead();
	r.nthreads = 2;
	access_of(&r.before, 0, 99, NULL, 0);
	r.before.have_note = 0;
}

static void stale(void)
{
	base();
	r.kind = RECORD_STALE_ITERATOR;
	r.verdict = RECORD_CERTAIN;
	r.cause = CAUSE_ITERATE_WRITE;
	access_of(&r.now, 0, 0, "g_hash_table_iter_next", 0x7f000004b000);
	push(&r.now.stack, PROG, 0x101010);
	access_of(&r.before, 1, 0, "g_hash_table_remove", 0x7f000004c000);
	push(&r.before.stack, PROG, 0x101020);
	r.nthreads = 1;
}

static void stale_after_resize(void)
{
	stale();
	r.resize_from = 64;
	r.resize_to = 8;
}

static void torn(void)
{
	base();
	r.kind = RECORD_CHECK_THEN_ACT;
	r.compound = COMPOUND_INSERT;
	r.verdict = RECORD_CERTAIN;
	r.cause = CAUSE_UNSYNCHRONISED;
	access_of(&r.now, 1, 1, "g_hash_table_insert", 0x7f000004a2c0);
	push(&r.now.stack, PROG, 0x101010);
	access_of(&r.before, 1, 0, "g_hash_table_insert", 0x7f000004a2c0);
	push(&r.before.stack, PROG, 0x101020);
	r.now.nlocks = r.before.nlocks = 1;
	r.now.locks[0] = r.before.locks[0] = 0x55d0c0a4f300;
	key_text(&r.now, "alice", 0);
	key_text(&r.before, "alice", 0);
	r.now.time_ns = 5000008200;
	r.before.time_ns = 5000000000;
	r.has_checked = 1;
	r.checked = r.now.stack;
	snprintf(r.checked.op, sizeof(r.checked.op), "g_hash_table_lookup");
}

static void value_freed(void)
{
	torn();
	r.compound = COMPOUND_VALUE_FREED;
	r.entries = -1;
	r.now.key_kind = r.before.key_kind = RECORD_KEY_NONE;
	snprintf(r.now.stack.op, sizeof(r.now.stack.op), "free");
	snprintf(r.before.stack.op, sizeof(r.before.stack.op), "free");
}

static void lost_stacks(void)
{
	base();
	r.before.stack.nframes = 0;
	r.threads[1].created.nframes = 0;
	r.threads[1].running = 0;
	r.threads[1].name[0] = 0;
	r.verdict = RECORD_POSSIBLE;
}

static void locks(void)
{
	base();
	r.cause = CAUSE_READ_LOCK_WRITE;
	r.now.nlocks = 2;
	r.now.locks[0] = 0x1000 | (uint64_t)RECORD_LOCK_RWLOCK << 56 | (uint64_t)1 << 63;
	r.now.locks[1] = 0x2000 | (uint64_t)RECORD_LOCK_SPIN << 56;
	r.before.nlocks = 7;
	r.before.locks[0] = 0x1000 | (uint64_t)RECORD_LOCK_RWLOCK << 56;
	r.before.locks[1] = 0x3000 | (uint64_t)RECORD_LOCK_OTHER << 56;
}

static void different_locks(void)
{
	base();
	r.cause = CAUSE_DIFFERENT_LOCKS;
	r.now.nlocks = 1;
	r.now.locks[0] = 0x2000;
	key_value(&r.now, RECORD_KEY_INT, -5);
	key_value(&r.before, RECORD_KEY_INT, -5);
	r.now.bucket = 1;
	r.before.bucket = 2;
}

static void unknown_side(void)
{
	base();
	r.cause = CAUSE_UNSYNCHRONISED;
	access_of(&r.before, 0, 99, NULL, 0);
	r.before.have_note = 0;
	push(&r.before.stack, RECORD_NO_MODULE, 0xdeadbeef);
	key_value(&r.now, RECORD_KEY_POINTER, 0x7ffe1234);
}

static void inlined(void)
{
	base();
	stack(&r.now.stack, "dictAdd", PROG, 0x100500);
	push(&r.now.stack, PROG, 0x102000);
	stack(&r.before.stack, NULL, 0, 0);
	push(&r.before.stack, PROG, 0x103000);
	push(&r.before.stack, PROG, 0x101040);
	push(&r.before.stack, PROG, 0x101050);
	r.cause = CAUSE_FIRST_USE;
}

static void libraries(void)
{
	base();
	/* The hooked function's owner lies in no system directory; its own frames are still not the user's. */
	stack(&r.now.stack, "table_put", OWN, 0x7f1000000100);
	push(&r.now.stack, OWN, 0x7f1000000200);
	push(&r.now.stack, LIBC, 0x7f2000000300);
	push(&r.now.stack, PROG, 0x101020);
	/* Nothing of the user's at all. */
	stack(&r.before.stack, "g_hash_table_lookup", GLIB, 0x7f0000049100);
	push(&r.before.stack, GLIB, 0x7f0000050000);
	push(&r.before.stack, LIBC, 0x7f2000000400);
	r.cause = CAUSE_PUBLICATION;
}

static void own_library_only(void)
{
	base();
	stack(&r.now.stack, "table_put", OWN, 0x7f1000000100);
	push(&r.now.stack, OWN, 0x7f1000000200);
	push(&r.now.stack, LIBC, 0x7f2000000300);
	r.location_module = PROG;
	r.map = 0x140080;
}

static void on_a_stack(void)
{
	base();
	r.location_thread = 2;
	r.now.time_ns = r.before.time_ns + 1;
	r.entries = 1;
	key_text(&r.now, "a long key that was c", 1);
	key_text(&r.before, "a long key that was c", 1);
}

static void unnamed_global(void)
{
	base();
	r.location_module = PROG;
	r.map = 0x140000;
	r.now.time_ns = 1;
	r.before.time_ns = 3999999999ull;
	r.cause = CAUSE_ITERATE_WRITE;
}

static void hostile(void)
{
	full();
	snprintf(r.label, sizeof(r.label), "\033[31mred\n==================\n\"x\\");
	snprintf(r.threads[1].name, sizeof(r.threads[1].name), "\033]0;t\007\x9b" "1m");
	snprintf(r.now.context, sizeof(r.now.context), "a\rb\xc2\x9b" "31m \xc3\xa9 \xe2\x80\xae \xff");
	key_text(&r.now, "\033c\x7f", 0);
	snprintf(r.map_kind, sizeof(r.map_kind), "kind\033[1m");
	snprintf(r.modules[PROG].path, sizeof(r.modules[PROG].path), "/tmp/pr\033og\n");
	stack(&r.now.stack, "op\033", GLIB, 0x7f000004a2c0);
	push(&r.now.stack, PROG, 0x101060);
	push(&r.now.stack, PROG, 0x109999);
	/* Counts and indices out of their ranges. */
	r.now.nlocks = 4000000000u;
	r.now.key_len = 3;
	r.before.thread = 77;
	r.created_thread = 1u << 31;
	r.kind = 99;
	r.verdict = 99;
	r.cause = 99;
}

static void stripped(void)
{
	base();
	names.strip_prefix = "/src/";
}

/* ---- the golden files ----------------------------------------------------------------------------------------------------- */

static char text[1 << 16], golden[1 << 16];

static void compare(const char *name, void (*make)(void))
{
	char path[300], why[400];
	const char *folder = getenv("GOLDEN");
	struct buf b = buf_on(text, sizeof(text));
	FILE *f;
	size_t n, line = 1;

	make();
	text_render(&r, &names, &b);
	names.strip_prefix = NULL;
	snprintf(path, sizeof(path), "%s/%s.txt", folder ? folder : "tests/report/golden", name);
	if (getenv("UPDATE_GOLDEN")) {
		f = fopen(path, "w");
		if (f) {
			fwrite(text, 1, b.len, f);
			fclose(f);
		}
	}
	f = fopen(path, "r");
	n = f ? fread(golden, 1, sizeof(golden) - 1, f) : 0;
	if (f)
		fclose(f);
	golden[n] = 0;
	for (size_t i = 0; i < n && text[i] == golden[i]; i++)
		line += text[i] == '\n';
	snprintf(why, sizeof(why), "differs from %s in line %zu", path, line);
	result(name, n == b.len && !memcmp(text, golden, n), why);
}

static void test_text(void)
{
	static const struct {
		const char *name;
		void (*make)(void);
	} all[] = {
		{ "race_plain", base },
		{ "race_with_every_line", full },
		{ "marks_in_code", marks_in_code },
		{ "objects_and_polling", objects_and_polling },
		{ "likely_in_spite_of_doubt", likely_in_spite_of_doubt },
		{ "met_while_held", met_while_held },
		{ "race_during_a_resize", during_resize },
		{ "race_after_a_resize", after_resize },
		{ "stale_iterator_after_a_resize", stale_after_resize },
		{ "use_of_dead_map", dead },
		{ "use_of_map_never_created", dead_never_created },
		{ "stale_iterator", stale },
		{ "check_then_act", torn },
		{ "check_then_act_on_a_freed_value", value_freed },
		{ "lost_stacks", lost_stacks },
		{ "locks_of_every_type", locks },
		{ "different_locks", different_locks },
		{ "unknown_thread_and_module", unknown_side },
		{ "inlined_frames", inlined },
		{ "frames_of_libraries", libraries },
		{ "only_frames_of_the_owner", own_library_only },
		{ "map_on_a_stack", on_a_stack },
		{ "map_in_an_unnamed_global", unnamed_global },
		{ "hostile_strings", hostile },
		{ "prefix_stripped", stripped },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		compare(all[i].name, all[i].make);
}

static void test_no_room(void)
{
	static const char end[] = "\n==================\n";
	size_t whole;
	int good = 1;

	full();
	{
		struct buf b = buf_on(text, sizeof(text));

		text_render(&r, &names, &b);
		whole = b.len;
	}
	for (size_t cap = 120; cap <= whole && good; cap++) {
		char *exact = malloc(cap); /* so that the sanitizer sees a byte too many */
		struct buf b = buf_on(exact, cap);

		text_render(&r, &names, &b);
		good = b.cut && b.len > 19 && b.len < cap && !strcmp(exact + b.len - 20, end) &&
		       strstr(exact, "[report cut: too long]");
		free(exact);
	}
	result("a_report_that_does_not_fit_is_closed", good, "no closing line");
	{
		struct buf b = buf_on(text, whole + 1);

		text_render(&r, &names, &b);
		result("a_report_that_just_fits_is_whole", !b.cut && b.len == whole, "cut");
	}
}

static void test_system_modules(void)
{
	static const struct {
		const char *path;
		int system;
	} all[] = {
		{ "/lib/x86_64-linux-gnu/libc.so.6", 1 }, { "/usr/lib/x86_64-linux-gnu/libglib-2.0.so.0.7400.6", 1 },
		{ "/lib64/ld-linux-x86-64.so.2", 1 },     { "/home/u/librace/build/librace.so", 1 },
		{ "linux-vdso.so.1", 1 },                 { "/usr/bin/prog", 0 },
		{ "/usr/lib/prog/prog", 0 },              { "/usr/libexec/x.so", 0 },
		{ "/home/u/libmine.so", 0 },              { "/opt/x/lib/plugin.so.1", 0 },
		{ "/usr/bin/my.sophia", 0 },              { "/usr/local/lib/libmine.so.3", 0 },
	};
	int good = 1;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (module_is_system(all[i].path) != all[i].system) {
			printf("# %s\n", all[i].path);
			good = 0;
		}
	}
	result("libraries_of_the_system_are_not_the_users", good, "see above");
}

/* ---- suppressions --------------------------------------------------------------------------------------------------------- */

static char said[16384];
static unsigned lines;

static void collect(const char *line)
{
	size_t n = strlen(said);

	lines++;
	snprintf(said + n, sizeof(said) - n, "%s\n", line);
}

static struct suppressions rules;

static void parse_bytes(const char *source, size_t bytes)
{
	char *copy = malloc(bytes ? bytes : 1); /* no NUL behind it */

	memcpy(copy, source, bytes);
	said[0] = 0;
	lines = 0;
	memset(&rules, 0xa5, sizeof(rules));
	suppressions_parse(&rules, "s.txt", copy, bytes, collect);
	free(copy);
}

static void parse(const char *source)
{
	parse_bytes(source, strlen(source));
}

static void parses(const char *name, const char *source, unsigned n, const char *complaints)
{
	char why[600];

	parse(source);
	snprintf(why, sizeof(why), "%u rules, said: %.400s", rules.n, said);
	result(name, rules.n == n && !strcmp(said, complaints), why);
}

#define ALLOWED "; allowed: race: race_top: called_from_lib: map: thread:\n"

static void test_parser(void)
{
	static char large[40000];
	size_t n = 0;

	parses("comments_and_blank_lines", "# one\n\n  \t\n\trace:foo\n#race:bar\n", 1, "");
	parses("windows_line_ends", "race:foo\r\nmap:bar\r\n\r\n", 2, "");
	result("windows_line_ends_are_not_in_the_pattern", !strcmp(rules.rule[0].pattern, "foo"), rules.rule[0].pattern);
	parses("no_newline_at_the_end", "race:foo\nthread:w", 2, "");
	result("no_newline_at_the_end_keeps_the_last", !strcmp(rules.rule[1].pattern, "w") && rules.rule[1].line == 2, "lost");
	parses("a_byte_order_mark", "\xef\xbb\xbfrace:foo\n", 1, "");
	parses("an_empty_file", "", 0, "");
	parses("a_pattern_may_hold_colons_and_blanks", "race:ns::f(int, char)\n", 1, "");
	parses("an_unknown_type", "race:a\n  deadlock:b\nrace:c\n", 2, "librace: s.txt:2:3: unknown type \"deadlock\"" ALLOWED);
	parses("a_mistyped_type", "rase:b\n", 0, "librace: s.txt:1:1: unknown type \"rase\", did you mean \"race\"?" ALLOWED);
	parses("no_colon", "race\nmap:x\n", 1, "librace: s.txt:1:5: expected `:` after the type" ALLOWED);
	parses("no_pattern", "map:  \n", 0, "librace: s.txt:1:5: expected a pattern: text with `*`, `^` or `$`\n");
	parses("escapes_in_a_bad_line", "\033[2J:x\n", 0, "librace: s.txt:1:1: unknown type \"\\x1b[2J\"" ALLOWED);
	parse_bytes("race:a\0b\nmap:c\n", 15);
	result("a_nul_byte", rules.n == 1 && !strcmp(said, "librace: s.txt:1:7: a NUL byte in the pattern\n"), said);

	memset(large, 'x', sizeof(large));
	memcpy(large, "race:", 5);
	large[5 + 200] = 0;
	parses("a_pattern_that_is_too_long", large, 0, "librace: s.txt:1:6: the pattern has 200 bytes, allowed are 199\n");
	large[5 + 199] = 0;
	parses("a_pattern_that_just_fits", large, 1, "");
	for (int i = 0; i < SUPPRESSIONS + 3; i++)
		n += (size_t)snprintf(large + n, sizeof(large) - n, "race:f%d\n", i);
	parses("too_many", large, SUPPRESSIONS,
	       "librace: s.txt:513:1: more than 512 suppressions; this one and the rest are left out\n");
	for (n = 0; n < 1000; n += 2)
		memcpy(large + n, "x\n", 2);
	large[n] = 0;
	parse(large);
	result("many_bad_lines_are_cut_short", lines == 21 && strstr(said, "more bad lines follow"), said);
}

static void matches(const char *name, const char *source, int expected)
{
	char why[64];
	int got;

	parse(source);
	got = suppressions_match(&rules, &r, &names);
	snprintf(why, sizeof(why), "matched %d", got);
	result(name, got == expected && lines == 0, why);
}

static void test_matcher(void)
{
	full();
	matches("race_by_function", "race:cache_put\n", 0);
	matches("race_by_a_part_of_the_function", "race:che_p\n", 0);
	matches("race_by_the_operation", "race:^g_hash_table_insert$\n", 0);
	matches("race_by_file", "race:/src/cache.c\n", 0);
	matches("race_by_module", "race:libglib-2.0.so\n", 0);
	matches("race_by_the_other_stack", "race:^g_hash_table_lookup$\n", 0);
	matches("race_does_not_look_at_where_it_was_created", "race:g_hash_table_new\n", -1);
	matches("a_wildcard", "race:cache*ut\n", 0);
	matches("a_wildcard_that_does_not_match", "race:cache*ux\n", -1);
	matches("tied_to_the_start", "race:^ache_put\n", -1);
	matches("tied_to_the_end", "race:cache_pu$\n", -1);
	matches("tied_to_both", "race:^cache_put$\n", 0);
	matches("a_question_mark_is_itself", "race:cache?put\n", -1);
	matches("the_first_rule_that_matches", "race:nobody\nmap:other\nrace:worker\nrace:cache_put\n", 2);
	matches("no_rule", "", -1);
	matches("race_top_by_the_users_first_frame", "race_top:cache_put\n", 0);
	matches("race_top_by_the_operation", "race_top:g_hash_table_insert\n", 0);
	matches("race_top_not_by_a_later_frame", "race_top:^worker$\n", -1);
	matches("called_from_lib_by_the_caller", "called_from_lib:cached\n", 0);
	matches("called_from_lib_not_by_the_owner", "called_from_lib:libglib\n", -1);
	matches("called_from_lib_by_base_name_only", "called_from_lib:/usr\n", -1);
	matches("map_by_kind", "map:^GHashTable$\n", 0);
	matches("map_by_label", "map:session\n", 0);
	matches("map_by_neither", "map:GTree\n", -1);
	matches("thread_by_name", "thread:worker-*\n", 0);
	matches("thread_by_the_programs_name", "thread:^cached$\n", 0);
	matches("thread_main", "thread:^main thread$\n", 0);
	matches("thread_by_neither", "thread:worker-2\n", -1);
	inlined();
	matches("race_by_an_inlined_function", "race:slot_set\n", 0);
	matches("race_top_by_an_inlined_function", "race_top:table_add\n", 0);
	matches("called_from_lib_of_an_annotation", "called_from_lib:cached\n", 0);
	r.now.thread = r.before.thread = 99;
	matches("thread_unknown", "thread:*\n", -1);
}

int main(void)
{
	test_text();
	test_no_room();
	test_system_modules();
	test_parser();
	test_matcher();
	return failed;
}
