/* SPDX-License-Identifier: MIT */
/*
 * text.c - the report as people read it (docs/REPORTS.md, "Grammar").
 *
 * Owns      the words and the order of the lines. A change here changes a golden file in tests/report/golden.
 * Invariant whatever the record or the names hold, the text stays inside its grammar: foreign strings are escaped, indices
 *           are checked, a text that does not fit ends with a whole line and the closing rule.
 * Runs      in the helper, and in the host when there is no helper: one report at a time (static buffers), no allocation,
 *           no stdio, no locale.
 */
#include <string.h>

#include "words.h"

static const char rule_line[] = "==================\n";
static const char cut_line[] = "  [report cut: too long]\n";

const struct record_thread *words_thread_at(const struct record *r, uint32_t index)
{
	if (index >= r->nthreads || index >= sizeof(r->threads) / sizeof(r->threads[0]) ||
	    r->threads[index].number == RECORD_UNKNOWN_THREAD)
		return NULL;
	return &r->threads[index];
}

/* `main thread`, `thread 3`. */
void text_thread(struct buf *out, const struct record *r, uint32_t index)
{
	const struct record_thread *t = words_thread_at(r, index);

	if (!t)
		buf_str(out, "unknown thread");
	else if (t->number == 0)
		buf_str(out, "main thread");
	else
		buf_fmt(out, "thread %u", t->number);
}

/* `thread 3 "worker-1"`. */
static void put_thread_name(struct buf *out, const struct record *r, uint32_t index)
{
	const struct record_thread *t = words_thread_at(r, index);

	text_thread(out, r, index);
	if (t && t->number != 0 && t->name[0]) {
		buf_char(out, ' ');
		buf_quoted(out, t->name, strnlen(t->name, sizeof(t->name)));
	}
}

/* ---- stacks -------------------------------------------------------------------------------------------------------- */

const struct record_module *words_module_at(const struct record *r, const struct record_frame *f)
{
	return f->module < r->nmodules && f->module < RECORD_MODULES ? &r->modules[f->module] : NULL;
}

/* Executables are the user's wherever they lie: what has ".so" at the end of its name or before a version is a library. */
static int is_library(const char *base)
{
	for (const char *so = strstr(base, ".so"); so; so = strstr(so + 1, ".so")) {
		if (so[3] == 0 || so[3] == '.')
			return 1;
	}
	return 0;
}

int module_is_system(const char *path)
{
	static const char *const directories[] = { "/lib/", "/lib32/", "/lib64/", "/libx32/", "/usr/lib/", "/usr/lib32/",
						   "/usr/lib64/", "/usr/libx32/" };
	const char *base = path_base(path);

	if (!is_library(base))
		return 0;
	if (!strcmp(base, "librace.so") || base == path) /* no directory: the kernel's own, linux-vdso.so.1 */
		return 1;
	for (unsigned i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		if (!strncmp(path, directories[i], strlen(directories[i])))
			return 1;
	}
	return 0;
}

/*
 * Index of the user's first frame, or -1. `owner`: also pass over the library that owns the hooked function wherever it lies;
 * a table of the program's own code is owned by the executable, where only frame 0 is the operation.
 */
static int find_user_frame(const struct record *r, const struct record_stack *s, int owner)
{
	uint32_t n = s->nframes < RECORD_FRAMES ? s->nframes : RECORD_FRAMES;
	const struct record_module *of_op = s->op[0] ? words_module_at(r, &s->frames[0]) : NULL;

	if (of_op && !is_library(path_base(of_op->path)))
		of_op = NULL;
	for (uint32_t i = s->op[0] ? 1 : 0; i < n; i++) {
		const struct record_module *m = words_module_at(r, &s->frames[i]);

		if (m && !module_is_system(m->path) && !(owner && m == of_op))
			return (int)i;
	}
	return -1;
}

int stack_user_frame(const struct record *r, const struct record_stack *s)
{
	int at = find_user_frame(r, s, 1);

	return at >= 0 ? at : find_user_frame(r, s, 0);
}

/* Code of headers, inlined into the user's or instantiated for it, is not what the user wrote: our annotations, C++'s
 * containers and threads. */
int text_is_library_code(const struct frame_text *t)
{
	static const char *const folders[] = { "/usr/include/", "/usr/lib/gcc/", "/usr/lib/llvm-" };
	/* Without debug information the name of an instantiation says enough; the host itself knows mangled ones only. */
	static const char *const scopes[] = { "std::", "__gnu_cxx::", "_ZSt", "_ZNSt", "_ZNKSt", "_ZN9__gnu_cxx", "_ZNK9__gnu_cxx" };
	const char *base = path_base(t->file);

	for (unsigned i = 0; !t->file[0] && i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		if (!strncmp(t->function, scopes[i], strlen(scopes[i])))
			return 1;
	}
	for (unsigned i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (!strncmp(t->file, folders[i], strlen(folders[i])))
			return 1;
	}
	return !strcmp(base, "librace.h") || !strcmp(base, "librace_uthash.h");
}

int words_frames(const struct record *r, const struct resolver *names, const struct record_stack *s, uint32_t i,
		 struct frame_text *texts)
{
	int n;

	texts[0].function[0] = texts[0].file[0] = 0;
	texts[0].line = 0;
	texts[0].inlined = 0;
	n = names->frame(names->state, r, &s->frames[i], texts, FRAME_TEXTS);
	if (n < 1) {
		const struct record_module *m = words_module_at(r, &s->frames[i]);

		texts[0].function[0] = texts[0].file[0] = 0;
		texts[0].offset = s->frames[i].pc - (m ? m->base : 0);
		n = 1;
	}
	if (i == 0 && s->op[0]) {
		struct buf name = buf_on(texts[n - 1].function, sizeof(texts[0].function));

		buf_mem(&name, s->op, strnlen(s->op, sizeof(s->op)));
	}
	return n < FRAME_TEXTS ? n : FRAME_TEXTS;
}

const char *words_file(const char *file, const char *prefix)
{
	size_t n = prefix ? strlen(prefix) : 0;

	return n && !strncmp(file, prefix, n) && file[n] ? file + n : file;
}

/* Whether the name ends so; then without it. */
static int drop_end(const char *name, size_t *n, const char *end)
{
	size_t k = strlen(end);

	if (*n <= k || memcmp(name + *n - k, end, k))
		return 0;
	*n -= k;
	return 1;
}

/* Length of a demangled name without its parameters, and what may follow those: reports say `name()`. "operator()" and
 * parentheses inside a name, such as "(anonymous namespace)" and "{lambda()#1}", stay. */
size_t words_name_length(const char *name)
{
	size_t all = strlen(name), n = all;
	int depth = 0;

	while (drop_end(name, &n, " const") || drop_end(name, &n, " volatile") || drop_end(name, &n, " &") ||
	       drop_end(name, &n, "&&"))
		;
	if (n == 0 || name[n - 1] != ')')
		return all;
	for (size_t i = n; i-- > 1;) {
		depth += name[i] == ')';
		if (name[i] != '(' || --depth)
			continue;
		return i >= 8 && !memcmp(name + i - 8, "operator", 8) ? n : i;
	}
	return all;
}

void text_name(struct buf *out, const char *name)
{
	char plain[sizeof(((struct frame_text *)0)->function)];
	struct buf b = buf_on(plain, sizeof(plain));

	buf_mem(&b, name, words_name_length(name));
	buf_clean(out, plain);
	buf_str(out, "()");
}

void text_frame(struct buf *out, const char *module, const struct frame_text *t, int mark, const char *prefix)
{
	buf_str(out, "  ");
	text_name(out, t->function[0] ? t->function : "??");
	buf_str(out, mark ? " <--\n      " : "\n      ");
	if (t->file[0]) {
		buf_clean(out, words_file(t->file, prefix));
		if (t->line)
			buf_fmt(out, ":%u", t->line);
	} else {
		buf_clean(out, module);
	}
	buf_fmt(out, " +0x%lx\n", (unsigned long)t->offset);
}

static struct frame_text texts[FRAME_TEXTS];

int stack_user_text(const struct record *r, const struct resolver *names, const struct record_stack *s, int *text)
{
	uint32_t nframes = s->nframes < RECORD_FRAMES ? s->nframes : RECORD_FRAMES;
	int user = stack_user_frame(r, s);

	*text = 0;
	for (int i = user; i >= 0 && (uint32_t)i < nframes; i++) {
		const struct record_module *m = words_module_at(r, &s->frames[i]);
		int n;

		if (!m || module_is_system(m->path))
			continue;
		n = words_frames(r, names, s, (uint32_t)i, texts);
		for (int k = 0; k < n; k++) {
			if (!text_is_library_code(&texts[k])) {
				*text = k;
				return i;
			}
		}
	}
	return user; /* nothing but headers: what holds them */
}

void text_user_name(struct buf *out, const struct record *r, const struct resolver *names, const struct record_stack *s)
{
	int text, user = stack_user_text(r, names, s, &text);

	if (user < 0)
		return;
	words_frames(r, names, s, (uint32_t)user, texts);
	text_name(out, texts[text].function[0] ? texts[text].function : "??");
}

static void put_stack(struct buf *out, const struct record *r, const struct resolver *names, const struct record_stack *s)
{
	uint32_t nframes = s->nframes < RECORD_FRAMES ? s->nframes : RECORD_FRAMES;
	int text, user = stack_user_text(r, names, s, &text);

	if (nframes == 0)
		buf_str(out, "  [failed to restore the stack]\n");
	for (uint32_t i = 0; i < nframes; i++) {
		const struct record_module *m = words_module_at(r, &s->frames[i]);
		int n = words_frames(r, names, s, i, texts), mark = (int)i == user ? text : -1;

		for (int k = 0; k < n; k++)
			text_frame(out, m ? path_base(m->path) : "??", &texts[k], k == mark, names->strip_prefix);
	}
}

/* ---- lines --------------------------------------------------------------------------------------------------------- */

static void put_access(struct buf *out, const struct record *r, const struct resolver *names,
		       const struct record_access *a, int previous)
{
	buf_fmt(out, "%s at 0x%lx by ",
		previous ? (a->write ? "Previous write" : "Previous read") : (a->write ? "Write" : "Read"),
		(unsigned long)r->map);
	put_thread_name(out, r, a->thread);
	buf_str(out, ":\n");
	put_stack(out, r, names, &a->stack);
	buf_char(out, '\n');
}

/* A finding about one call only: nothing is known of what came before. */
int text_has_before(const struct record *r)
{
	return r->kind == RECORD_RACE || r->before.stack.nframes || words_thread_at(r, r->before.thread);
}

static void put_map(struct buf *out, const struct record *r)
{
	buf_str(out, "Map: ");
	buf_clean(out, r->map_kind);
	buf_fmt(out, " 0x%lx", (unsigned long)r->map);
	if (r->entries >= 0)
		buf_fmt(out, ", %ld %s", (long)r->entries, r->entries == 1 ? "entry" : "entries");
	if (r->label[0]) {
		buf_str(out, ", ");
		buf_quoted(out, r->label, strnlen(r->label, sizeof(r->label)));
	}
	buf_char(out, '\n');
}

#define NO_BUCKET 0xffffffffu

static void put_bucket(struct buf *out, const struct record *r)
{
	uint32_t now = r->now.bucket, before = r->before.bucket;

	if (now == NO_BUCKET || before == NO_BUCKET)
		return;
	buf_fmt(out, "Bucket: %u", now);
	if (r->buckets)
		buf_fmt(out, " of %u", r->buckets);
	buf_str(out, now == before ? ", same bucket\n" : ", different buckets\n");
}

int words_has_key(const struct record_access *a)
{
	return a->key_kind == RECORD_KEY_STRING || (a->key_kind >= RECORD_KEY_POINTER && a->key_kind <= RECORD_KEY_LONG);
}

uint32_t words_key_length(const struct record_access *a)
{
	return a->key_len < sizeof(a->key) ? a->key_len : (uint32_t)sizeof(a->key);
}

int64_t words_key_value(const struct record_access *a)
{
	int64_t value;

	memcpy(&value, a->key, sizeof(value));
	return a->key_kind == RECORD_KEY_INT ? (int32_t)value : value;
}

const char words_redacted[] = "[redacted]";

static int same_key(const struct record_access *a, const struct record_access *b)
{
	if (!words_has_key(a) || !words_has_key(b) || a->key_kind != b->key_kind)
		return 0;
	if (a->key_redacted && b->key_redacted)
		return a->key[0] == b->key[0]; /* record_redact */
	if (a->key_kind != RECORD_KEY_STRING)
		return words_key_value(a) == words_key_value(b);
	return a->key_cut == b->key_cut && words_key_length(a) == words_key_length(b) && !memcmp(a->key, b->key, words_key_length(a));
}

/* Of the keys stays whether they are the same: an ordinal. */
void record_redact(struct record *r, int keys, int notes)
{
	struct record_access *sides[2] = { &r->now, &r->before };
	char same = same_key(&r->now, &r->before) ? 1 : 2;

	for (int i = 0; i < 2; i++) {
		if (keys && words_has_key(sides[i])) {
			memset(sides[i]->key, 0, sizeof(sides[i]->key));
			sides[i]->key[0] = i ? same : 1;
			sides[i]->key_len = sides[i]->key_cut = 0;
			sides[i]->key_redacted = 1;
		}
		if (notes && sides[i]->context[0]) {
			memset(sides[i]->context, 0, sizeof(sides[i]->context));
			memcpy(sides[i]->context, words_redacted, sizeof(words_redacted));
		}
	}
}

static void put_key_of(struct buf *out, const struct record_access *a)
{
	if (a->key_redacted) {
		buf_str(out, words_redacted);
	} else if (a->key_kind == RECORD_KEY_STRING) {
		buf_quoted(out, a->key, words_key_length(a));
		if (a->key_cut)
			buf_str(out, "...");
	} else if (a->key_kind == RECORD_KEY_POINTER) {
		buf_fmt(out, "0x%lx", (unsigned long)words_key_value(a));
	} else {
		buf_fmt(out, "%ld", (long)words_key_value(a));
	}
}

static void put_key(struct buf *out, const struct record *r)
{
	int now = words_has_key(&r->now), before = words_has_key(&r->before) && !same_key(&r->now, &r->before);

	if (!now && !before)
		return;
	buf_str(out, "Key: ");
	if (now)
		put_key_of(out, &r->now);
	if (before) {
		buf_str(out, now ? " | previous " : "previous ");
		put_key_of(out, &r->before);
	}
	buf_char(out, '\n');
}

int words_location(struct buf *out, const struct record *r, const struct resolver *names)
{
	static char name[300];

	if (r->heap_bytes) {
		buf_fmt(out, "heap block of %u bytes", r->heap_bytes);
	} else if (r->location_module < r->nmodules && r->location_module < RECORD_MODULES) {
		const struct record_module *m = &r->modules[r->location_module];

		buf_str(out, "global ");
		if (names->object && names->object(names->state, r, r->map, name, sizeof(name)))
			buf_clean(out, name);
		else
			buf_fmt(out, "??+0x%lx", (unsigned long)(r->map - m->base));
		buf_str(out, " in ");
		buf_clean(out, path_base(m->path));
	} else if (r->location_thread && words_thread_at(r, r->location_thread - 1)) {
		buf_str(out, "stack of ");
		text_thread(out, r, r->location_thread - 1);
	} else {
		return 0;
	}
	return 1;
}

static void put_location(struct buf *out, const struct record *r, const struct resolver *names)
{
	static char place[1400];
	struct buf b = buf_on(place, sizeof(place));

	if (words_location(&b, r, names))
		buf_fmt(out, "Location: %s\n", place);
}

const char *words_lock_type(uint64_t word)
{
	static const char *const types[] = { "mutex", "rwlock", "spin lock", "lock" };
	unsigned type = RECORD_LOCK_TYPE(word);

	return types[type <= RECORD_LOCK_OTHER ? type : RECORD_LOCK_OTHER];
}

static void put_lock(struct buf *out, uint64_t word)
{
	buf_fmt(out, "%s 0x%lx%s", words_lock_type(word), (unsigned long)RECORD_LOCK_ADDRESS(word),
		RECORD_LOCK_READ_MODE(word) ? " (read)" : "");
}

static uint64_t some_lock(const struct record_access *a)
{
	for (int i = 0; i < RECORD_LOCKS; i++) {
		if (a->nlocks && a->locks[i])
			return a->locks[i];
	}
	return 0;
}

static void put_locks_of(struct buf *out, const struct record *r, const struct record_access *a)
{
	uint32_t shown = 0;

	text_thread(out, r, a->thread);
	if (!a->have_note) {
		buf_str(out, " unknown");
		return;
	}
	for (uint32_t i = 0; i < RECORD_LOCKS && shown < a->nlocks; i++) {
		if (!a->locks[i])
			continue;
		buf_str(out, shown++ ? ", " : " ");
		put_lock(out, a->locks[i]);
	}
	if (shown && shown < a->nlocks)
		buf_fmt(out, ", and %u more", a->nlocks - shown);
	else if (!shown)
		buf_str(out, a->nlocks ? " unknown" : " none");
}

static void put_locks(struct buf *out, const struct record *r)
{
	buf_str(out, "Locks held: ");
	put_locks_of(out, r, &r->now);
	if (text_has_before(r)) {
		buf_str(out, "; ");
		put_locks_of(out, r, &r->before);
	}
	buf_char(out, '\n');
}

static void put_context(struct buf *out, const struct record *r)
{
	const struct record_access *sides[2] = { &r->now, &r->before };
	int n = 0;

	for (int i = 0; i < 2; i++) {
		if (!sides[i]->context[0])
			continue;
		buf_str(out, n++ ? "; " : "Context: ");
		text_thread(out, r, sides[i]->thread);
		buf_char(out, ' ');
		buf_quoted(out, sides[i]->context, strnlen(sides[i]->context, sizeof(sides[i]->context)));
	}
	if (n)
		buf_char(out, '\n');
}

static void put_usual_lock(struct buf *out, const struct record *r)
{
	if (!r->usual_lock)
		return;
	buf_str(out, "Usual lock: ");
	put_lock(out, r->usual_lock);
	buf_fmt(out, ", held in %u of %u accesses\n", r->usual_held, r->usual_of);
}

static int writes_under_read_lock(const struct record_access *a)
{
	for (int i = 0; i < RECORD_LOCKS; i++) {
		if (a->write && a->nlocks && a->locks[i] && RECORD_LOCK_READ_MODE(a->locks[i]))
			return 1;
	}
	return 0;
}

/* $a and $b are the threads of two accesses. */
static void put_sentence(struct buf *out, const struct record *r, const char *text, const struct record_access *a,
			 const struct record_access *b)
{
	for (; *text; text++) {
		if (*text == '$')
			text_thread(out, r, *++text == 'a' ? a->thread : b->thread);
		else
			buf_char(out, *text);
	}
}

const char *words_cause_label(const struct record *r)
{
	static const char *const labels[] = {
		"forgotten-lock", "different-locks", "read-lock-write", "iterate-write", "first-use", "use-after-destroy",
		"publication", "unsynchronised",
	};

	return labels[r->cause <= CAUSE_UNSYNCHRONISED ? r->cause : CAUSE_UNSYNCHRONISED];
}

void words_cause(struct buf *out, const struct record *r)
{
	const struct record_access *a = &r->now, *b = &r->before;
	uint32_t cause = r->cause <= CAUSE_UNSYNCHRONISED ? r->cause : CAUSE_UNSYNCHRONISED;
	int alone = !text_has_before(r), same = !alone && words_thread_at(r, a->thread) && a->thread == b->thread;
	uint64_t held = some_lock(a), other = some_lock(b);
	const char *text = "";

	switch ((enum record_cause)cause) {
	case CAUSE_FORGOTTEN_LOCK:
		text = a->nlocks ? "$b held no lock that $a holds" : "$a holds no lock that $b held";
		break;
	case CAUSE_DIFFERENT_LOCKS:
		text = "$a and $b hold no lock in common";
		if (held && other && held != other) {
			put_sentence(out, r, "$a holds ", a, b);
			put_lock(out, held);
			put_sentence(out, r, ", $b held ", a, b);
			put_lock(out, other);
			text = "";
		}
		break;
	case CAUSE_READ_LOCK_WRITE:
		text = writes_under_read_lock(a) ? "$a writes under a lock that it holds for reading only"
						 : "$b wrote under a lock that it held for reading only";
		break;
	case CAUSE_ITERATE_WRITE:
		text = same ? "$a changed the map in the middle of its own iteration"
		       : a->write ? "$a changes the map while $b goes through its entries"
				  : "$b changed the map while $a goes through its entries";
		break;
	case CAUSE_FIRST_USE:
		text = "$a and $b both make the first use of the map, and neither waits for the other";
		break;
	case CAUSE_USE_AFTER_DESTROY:
		text = alone ? "$a uses a map that was never created"
		       : same ? "$a uses the map after it destroyed it"
		       : r->kind == RECORD_DEAD_MAP ? "$a uses the map that $b destroyed"
						    : "of $a and $b, one destroys the map that the other uses";
		break;
	case CAUSE_PUBLICATION:
		text = "$b made the map known to $a without a lock or another hand-over";
		break;
	case CAUSE_UNSYNCHRONISED:
		if (r->kind == RECORD_CHECK_THEN_ACT)
			text = "no lock is held by $a from its look-up to this call, so that $b could come between";
		else
			text = alone ? "nothing orders this call of $a" : "nothing makes $a wait for what $b did";
		break;
	}
	put_sentence(out, r, text, a, b);
}

static void put_cause(struct buf *out, const struct record *r)
{
	buf_fmt(out, "Cause: %s: ", words_cause_label(r));
	words_cause(out, r);
	buf_char(out, '\n');
}

static void put_time(struct buf *out, const struct record *r)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = { { 1000000000u, "s" }, { 1000000u, "ms" }, { 1000u, "us" } };
	uint64_t a = r->now.time_ns, b = r->before.time_ns, apart = a > b ? a - b : b - a;

	if (!a || !b)
		return;
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (apart >= units[i].ns) {
			uint64_t tenths = apart / (units[i].ns / 10);

			buf_fmt(out, "Time: %lu.%lu %s apart\n", (unsigned long)(tenths / 10), (unsigned long)(tenths % 10),
				units[i].name);
			return;
		}
	}
	buf_fmt(out, "Time: %lu ns apart\n", (unsigned long)apart);
}

static void put_threads(struct buf *out, const struct record *r, const struct resolver *names)
{
	for (uint32_t i = 0; i < r->nthreads; i++) {
		const struct record_thread *t = words_thread_at(r, i);

		if (!t || t->number == 0)
			continue;
		buf_fmt(out, "\nThread %u", t->number);
		if (t->name[0]) {
			buf_char(out, ' ');
			buf_quoted(out, t->name, strnlen(t->name, sizeof(t->name)));
		}
		buf_fmt(out, " (%s) created at:\n", t->running ? "running" : "finished");
		put_stack(out, r, names, &t->created);
	}
}

/* What did not fit: back to the last whole line, say so, close. */
static void close_cut(struct buf *out, size_t start)
{
	size_t need = sizeof(cut_line) + sizeof(rule_line);
	size_t len = out->cap > need && out->cap - need < out->len ? out->cap - need : out->len;

	if (out->cap - start <= need)
		return;
	while (len > start && out->text[len - 1] != '\n')
		len--;
	out->len = len;
	buf_str(out, cut_line);
	buf_str(out, rule_line);
}

const char *words_kind(const struct record *r)
{
	static const char *const kinds[] = { "DATA RACE", "USE OF DEAD MAP", "STALE ITERATOR", "CHECK THEN ACT" };

	return kinds[r->kind <= RECORD_CHECK_THEN_ACT ? r->kind : RECORD_RACE];
}

void text_render(const struct record *r, const struct resolver *names, struct buf *out)
{
	size_t start = out->len;

	buf_str(out, rule_line);
	buf_fmt(out, "WARNING: %s\n", words_kind(r));
	put_access(out, r, names, &r->now, 0);
	if (text_has_before(r))
		put_access(out, r, names, &r->before, 1);

	if (r->kind == RECORD_CHECK_THEN_ACT && r->has_checked) {
		buf_str(out, "Checked by ");
		put_thread_name(out, r, r->now.thread);
		buf_str(out, " at:\n");
		put_stack(out, r, names, &r->checked);
		buf_char(out, '\n');
	}
	put_map(out, r);
	put_bucket(out, r);
	put_key(out, r);
	if (r->has_created) {
		buf_str(out, "Created by ");
		put_thread_name(out, r, r->created_thread);
		buf_str(out, " at:\n");
		put_stack(out, r, names, &r->created);
	}
	put_location(out, r, names);
	put_locks(out, r);
	put_usual_lock(out, r);
	put_context(out, r);
	verdict_render(r, names, out);
	put_cause(out, r);
	put_time(out, r);
	put_threads(out, r, names);
	if (out->cut)
		close_cut(out, start);
	else
		buf_str(out, rule_line);
	if (out->cut && (out->len < sizeof(rule_line) || memcmp(out->text + out->len - sizeof(rule_line) + 1, rule_line,
								 sizeof(rule_line) - 1)))
		close_cut(out, start); /* only the closing rule did not fit */
}
