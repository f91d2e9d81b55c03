/* SPDX-License-Identifier: MIT */
/*
 * finding.c - from what the engine found to what the reader gets: filter, dedupe, count, fill the record, hand it on.
 *
 * Owns      the set of stack pairs already reported, the counts for the exit status, the one record buffer.
 * Locks     the finding lock serialises reports: a second thread that finds something waits for the first one's text.
 *           Repetitions of a known pair never take it.
 * Runs      inside the guard of the finding thread, with no engine lock held.
 */
#include <string.h>

#include "cause.h"
#include "emit.h"
#include "exit.h"
#include "host.h"
#include "module.h"
#include "options.h"
#include "patch/patch.h"
#include "patch/tell.h"
#include "rules/start.h"
#include "sys/fmt.h"
#include "sys/lock.h"
#include "sys/os.h"

static struct lock report_lock;
static struct record record; /* guarded by report_lock; too large for a thread's stack */

enum { PAIRS = 1 << 14 };
static uint64_t pairs[PAIRS]; /* open addressing, insert-only, keys by compare-and-swap */

static struct {
	uint32_t races, misuses; /* counted for the exit status */
	uint32_t printed, suppressed, below_level, repeated, over_limit;
} counts;
static uint32_t summarised;

/* 1 when this pair of stacks was not seen before, either way round. A full set reports nothing more: 16,384 different
 * races have been printed by then. */
static int pair_is_new(uint32_t a, uint32_t b, uint32_t kind)
{
	uint64_t lo = a < b ? a : b, hi = a < b ? b : a;
	uint64_t key = (lo << 24 | hi) << 2 | kind | (uint64_t)1 << 63;
	uint64_t at = (key * 0x9E3779B97F4A7C15ull) >> 50;

	for (unsigned i = 0; i < 64; i++) {
		uint64_t *p = &pairs[(at + i) % PAIRS], old = load_relaxed(p);

		if (old == key)
			return 0;
		if (!old && cas_acq_rel(p, &old, key))
			return 1;
		if (old == key)
			return 0;
	}
	return 0;
}

/* ---- filling the record ------------------------------------------------------------------------------------------- */

static void fill_frame(struct record_frame *f, uintptr_t pc, int is_entry)
{
	f->pc = pc;
	f->is_entry = (uint32_t)is_entry;
	f->module = module_of(&record, pc);
}

/* The frames below a program's or thread's start routine belong to libc and to us: nobody wants to read them. */
static unsigned without_start_frames(const uintptr_t *pcs, unsigned n)
{
	if (n >= 2 && module_is_program(pcs[n - 1] - 1) && module_is_libc(pcs[n - 2] - 1))
		n--; /* _start, called by the kernel, below __libc_start_main */
	while (n > 1 && (module_is_libc(pcs[n - 1] - 1) || module_is_librace(pcs[n - 1] - 1)))
		n--;
	return n;
}

static void fill_stack(struct record_stack *s, uint32_t id)
{
	uintptr_t pcs[STACK_FRAMES];
	unsigned n = id ? stack_frames(id, pcs, STACK_FRAMES) : 0;
	const struct race_op *op = id ? stack_op(id) : NULL;

	memset(s, 0, sizeof(*s));
	if (!n)
		return;
	n = without_start_frames(pcs, n);
	if (op && !(op->flags & OP_NO_FRAME)) {
		struct buf b = buf_on(s->op, sizeof(s->op));

		buf_str(&b, op->name);
		fill_frame(&s->frames[s->nframes++], op->real ? (uintptr_t)load_relaxed(op->real) : 0, 1);
	}
	for (unsigned i = 0; i < n && s->nframes < RECORD_FRAMES; i++) {
		if (!module_is_librace(pcs[i] - 1)) /* hooks that call the program back stand between its frames */
			fill_frame(&s->frames[s->nframes++], pcs[i], 0);
	}
}

/* Index of the thread in the record, adding it. */
static uint32_t fill_thread(uint32_t number)
{
	struct thread_facts facts;
	struct record_thread *t;

	for (uint32_t i = 0; i < record.nthreads; i++) {
		if (record.threads[i].number == number)
			return i;
	}
	if (record.nthreads == sizeof(record.threads) / sizeof(record.threads[0]))
		return 0;
	t = &record.threads[record.nthreads];
	memset(t, 0, sizeof(*t));
	t->number = number;
	if (number != RACE_NO_SLOT && thread_facts(number, &facts)) {
		struct thread_facts main_facts;

		t->running = (uint32_t)facts.running;
		t->parent = facts.parent;
		if (!thread_facts(0, &main_facts) || strcmp(facts.name, main_facts.name))
			memcpy(t->name, facts.name, sizeof(t->name));
		t->has_stack = facts.stack != 0;
		fill_stack(&t->created, facts.stack);
	}
	return record.nthreads++;
}

static void fill_key(struct record_access *out, const struct race_access *a)
{
	if (!a->have_note || a->key_kind == KEY_NONE)
		return;
	out->key_kind = a->key_kind;
	if (a->key_kind == KEY_STRING) {
		out->key_cut = a->key[RACE_NOTE_KEY - 1] == 1;
		out->key_len = (uint32_t)strnlen(a->key, RACE_NOTE_KEY - out->key_cut);
		memcpy(out->key, a->key, out->key_len);
	} else {
		memcpy(out->key, a->key, sizeof(uint64_t));
		out->key_len = sizeof(uint64_t);
	}
}

static void fill_access(struct record_access *out, const struct race_access *a)
{
	memset(out, 0, sizeof(*out));
	out->write = a->write;
	out->thread = fill_thread(a->thread);
	out->have_note = a->have_note;
	out->bucket = RACE_NO_BUCKET;
	if (a->ticks)
		out->time_ns = ticks_to_ns(a->ticks);
	if (a->have_note) {
		out->nlocks = a->nlocks;
		memcpy(out->locks, a->locks, sizeof(a->locks));
		out->bucket = a->bucket;
		if (a->context)
			context_text(a->context, out->context, sizeof(out->context));
	}
	fill_key(out, a);
	fill_stack(&out->stack, word_stack(a->word));
}

/* The finding thread knows all its locks, not only what the note has room for. */
static void fill_held(struct record_access *out, const struct race_thread *t)
{
	uint32_t n = t->nheld < RECORD_LOCKS ? t->nheld : RECORD_LOCKS;

	out->nlocks = t->nheld + t->held_lost;
	for (uint32_t i = 0; i < n; i++)
		out->locks[i] = t->held[t->nheld - 1 - i];
}

static void copy_text(char *to, size_t cap, const char *from)
{
	struct buf b = buf_on(to, cap);

	buf_str(&b, from);
}

static uint32_t buckets_of(const struct race_kind *kind, uintptr_t map)
{
	long n = kind->capacity(map);

	return n > 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
}

static char program_name[64];

static void fill_record(struct race_thread *t, const struct race_finding *f)
{
	static uint32_t sequence;
	struct record *r = &record;
	uint32_t owner;

	memset(r, 0, offsetof(struct record, now));
	r->nthreads = r->nmodules = 0;
	memset(&r->created, 0, sizeof(r->created));
	r->magic = RECORD_MAGIC;
	r->version = RECORD_VERSION;
	r->size = sizeof(*r);
	r->sequence = ++sequence;
	r->pid = (uint32_t)race_process;
	r->kind = (uint32_t)f->kind;
	r->verdict = (uint32_t)f->verdict;
	r->wall_ns = os_wall_ns();
	r->time_ns = os_monotonic_ns();
	copy_text(r->program, sizeof(r->program), program_name);

	r->map = f->map;
	copy_text(r->map_kind, sizeof(r->map_kind), f->map_kind ? f->map_kind->name : "map");
	copy_text(r->label, sizeof(r->label), f->label);
	r->entries = -1;
	if (f->kind != FOUND_DEAD_MAP && f->map_kind && f->map_kind->entries)
		r->entries = f->map_kind->entries(f->map);
	r->resize_from = f->resize_from;
	r->resize_to = f->resize_to;
	r->entries_at_resize = f->resize_to ? f->resize_entries : -1;
	if (f->kind != FOUND_DEAD_MAP && f->now.bucket != RACE_NO_BUCKET && f->op->kind && f->op->kind->capacity)
		r->buckets = buckets_of(f->op->kind, f->map);

	fill_access(&r->now, &f->now);
	fill_held(&r->now, t);
	fill_access(&r->before, &f->before);
	/* What was noted of it is gone: an access that came between, or ours, is noted over it. That happens at this moment only. */
	if (f->kind == FOUND_RACE && !r->before.time_ns)
		r->before.time_ns = r->now.time_ns;
	if (f->created_stack) {
		r->has_created = 1;
		r->created_thread = fill_thread(f->created_thread);
		fill_stack(&r->created, f->created_stack);
	}
	r->location_module = module_of(r, f->map);
	if (r->location_module == RECORD_NO_MODULE) {
		owner = thread_stack_owner(f->map);
		if (owner)
			r->location_thread = 1 + fill_thread(owner - 1);
	}
	r->cause = (uint32_t)cause_of(f, r);
}

/* ---- reporting ---------------------------------------------------------------------------------------------------- */

static int below_level(const struct race_finding *f)
{
	static const uint32_t least[] = { VERDICT_CERTAIN, VERDICT_LIKELY, VERDICT_POSSIBLE }; /* report=certain|... */

	return f->kind == FOUND_RACE && (uint32_t)f->verdict < least[race_options.report];
}

void finding_report(struct race_thread *t, const struct race_finding *f)
{
	int suppressed;

	if (below_level(f) || (f->kind == FOUND_STALE_ITERATOR && !race_options.misuse)) {
		add_relaxed(&counts.below_level, 1);
		return;
	}
	if (!pair_is_new(word_stack(f->now.word), word_stack(f->before.word), (uint32_t)f->kind)) {
		add_relaxed(&counts.repeated, 1);
		return;
	}
	lock_take(&report_lock);
	if (race_options.max_reports && counts.printed >= race_options.max_reports) {
		counts.over_limit++;
		suppressed = 0;
	} else {
		ticks_calibrate();
		fill_record(t, f);
		suppressed = emit_record(&record) >= 0;
		if (suppressed)
			counts.suppressed++;
		else
			counts.printed++;
	}
	if (!suppressed) {
		if (f->kind == FOUND_STALE_ITERATOR)
			counts.misuses++;
		else
			counts.races++;
		if (race_options.halt_on_error) {
			lock_drop(&report_lock);
			finding_summary();
			os_exit((int)race_options.exitcode);
		}
	}
	lock_drop(&report_lock);
}

/* The engine's seam. */
void engine_found(struct race_thread *t, const struct race_finding *f)
{
	finding_report(t, f);
}

uint32_t engine_capture(struct race_thread *t, const struct race_op *op, const uintptr_t *fp)
{
	return stack_capture(((struct host_thread *)t->host)->cache, op, fp);
}

const struct race_op *engine_stack_op(uint32_t stack)
{
	return stack_op(stack);
}

int engine_stack_begins(uint32_t stack, const struct race_op *op, uintptr_t return_address)
{
	return stack_begins(stack, op, return_address);
}

/* ---- start, end, fork ---------------------------------------------------------------------------------------------- */

void finding_start(void)
{
	module_start();
	copy_text(program_name, sizeof(program_name), path_base(module_program()));
}

unsigned finding_counted(void)
{
	return load_relaxed(&counts.races) + load_relaxed(&counts.misuses);
}

static void print_stats(void)
{
	static const char *const names[COUNTERS] = {
		"operations recorded", "maps without room", "sync objects without room", "clocks without room",
		"readers without room", "threads without slot", "slots reused early", "races", "overlaps",
		"ordered by a once", "dead maps evicted",
	};
	struct unwind_stats u;
	char line[160];

	engine_counters_fold();
	for (int i = 0; i < COUNTERS; i++) {
		struct buf b = buf_on(line, sizeof(line));

		buf_fmt(&b, "librace: stats: %s: %lu", names[i] ? names[i] : "?", (unsigned long)load_relaxed(&race_counters[i]));
		emit_line(line);
	}
	unwind_stats(&u);
	{
		struct buf b = buf_on(line, sizeof(line));

		buf_fmt(&b, "librace: stats: stacks: %lu in %lu bytes, %lu refused, %lu lost", (unsigned long)u.stacks,
			(unsigned long)u.depot_bytes, (unsigned long)u.refused, (unsigned long)u.lost);
		emit_line(line);
		b = buf_on(line, sizeof(line));
		buf_fmt(&b, "librace: stats: reports: %u printed, %u suppressed, %u repeated, %u below report level, %u over max_reports",
			counts.printed, counts.suppressed, counts.repeated, counts.below_level, counts.over_limit);
		emit_line(line);
	}
	tell_maps();
	patch_tell(race_options.stats >= 2);
	rules_tell();
}

void finding_summary(void)
{
	char line[80];

	if (swap_acquire(&summarised, 1))
		return;
	if (counts.races) {
		struct buf b = buf_on(line, sizeof(line));

		buf_fmt(&b, "Found %u data race(s)", counts.races);
		emit_line(line);
	}
	if (counts.misuses) {
		struct buf b = buf_on(line, sizeof(line));

		buf_fmt(&b, "Found %u misuse(s)", counts.misuses);
		emit_line(line);
	}
	if (race_options.print_suppressions)
		emit_suppressions();
	if (race_options.stats)
		print_stats();
}

void finding_forked(void)
{
	lock_reset(&report_lock);
	if (counts.printed || counts.suppressed || counts.over_limit) /* else the set is empty: leave its pages shared */
		memset(pairs, 0, sizeof(pairs));
	memset(&counts, 0, sizeof(counts));
	summarised = 0;
}

void finding_lock(void)
{
	lock_take(&report_lock);
}

void finding_unlock(void)
{
	lock_drop(&report_lock);
}
