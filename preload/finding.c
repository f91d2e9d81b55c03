/* SPDX-License-Identifier: MIT */
/*
 * finding.c - from what the engine found to what the reader gets: filter, dedupe, weigh, count, hand it on.
 *
 * Owns      the counts for the exit status, the one record buffer, and the report lock, which guards all of verdict/ as well.
 * Locks     the finding lock serialises reports: a second thread that finds something waits for the first one's text.
 *           Repetitions of a known pair never take it.
 * Runs      inside the guard of the finding thread, with no engine lock held.
 */
#include <string.h>

#include "emit.h"
#include "exit.h"
#include "fill.h"
#include "helper_host.h"
#include "host.h"
#include "module.h"
#include "options.h"
#include "patch/patch.h"
#include "patch/tell.h"
#include "rules/start.h"
#include "sys/fmt.h"
#include "sys/lock.h"
#include "sys/os.h"
#include "verdict/learn.h"
#include "verdict/modules.h"
#include "verdict/weigh.h"

static struct lock report_lock;
static struct record record; /* guarded by report_lock; too large for a thread's stack */

static struct {
	uint32_t races, misuses; /* counted for the exit status */
	uint32_t printed, suppressed, below_level, repeated, over_limit;
} counts;
static uint32_t summarised;
static int looking; /* a look has begun; guarded by report_lock */

/* ---- reporting ---------------------------------------------------------------------------------------------------- */

static int below_level(enum record_verdict verdict)
{
	static const uint32_t least[] = { RECORD_CERTAIN, RECORD_LIKELY, RECORD_POSSIBLE }; /* report=certain|... */

	return (uint32_t)verdict < least[race_options.report];
}

static int is_asked_for(const struct race_finding *f)
{
	if (f->kind == FOUND_STALE_ITERATOR)
		return (int)race_options.misuse;
	return f->kind != FOUND_CHECK_THEN_ACT || race_options.atomicity;
}

/* What the exit status is made of. */
static void count(const struct record *r)
{
	if (r->kind == RECORD_STALE_ITERATOR || r->kind == RECORD_CHECK_THEN_ACT)
		counts.misuses++;
	else if (r->verdict != RECORD_POSSIBLE)
		counts.races++;
	else
		return;
	if (race_options.halt_on_error) {
		lock_drop(&report_lock);
		finding_summary();
		os_exit((int)race_options.exitcode);
	}
}

/* The record is full and weighed. */
static void report(struct pair *p)
{
	int is_new = p->state != PAIR_TOLD;

	p->state = record.verdict == RECORD_POSSIBLE ? PAIR_TOLD : PAIR_SETTLED;
	if (!is_new) { /* printed as possible: it is more than that, which counts */
		count(&record);
		return;
	}
	if (race_options.max_reports && counts.printed >= race_options.max_reports) {
		counts.over_limit++;
	} else if (emit_record(&record) >= 0) {
		counts.suppressed++;
		p->state = PAIR_SETTLED;
		return;
	} else {
		counts.printed++;
	}
	count(&record);
}

/* First sight of a pair, or a finding that is surer than what was known of it. From here until it is told, or doubted, a program that
 * dies of the race waits: the ledger may have to ask the helper. */
static void look(struct race_thread *t, const struct race_finding *f, struct pair *p)
{
	if (!looking)
		pending_begin();
	looking = 1;
	ticks_calibrate();
	fill_record(&record, t, f);
	learn_recall(p, &record);
	weigh(&record, f, p);
}

/*
 * A race that only happens-before has found. What the ledger lets stand is reported; what it doubts waits for more: the thread
 * is held inside its operation to see who comes.
 */
static uint32_t doubt(struct race_thread *t, const struct race_finding *f, struct pair *p)
{
	uint32_t rounds;

	if (p->state == PAIR_NEW || weigh_is_more(f, p)) {
		look(t, f, p);
		if (record.verdict != RECORD_POSSIBLE) {
			if (!below_level(record.verdict)) {
				report(p);
			} else { /* report=certain: it may still prove to be that */
				p->state = PAIR_DOUBTED;
				add_relaxed(&counts.below_level, 1);
			}
			return p->state == PAIR_SETTLED ? 0 : ANSWER_DOUBT;
		}
		if (p->state == PAIR_NEW)
			p->state = p->learned ? PAIR_ORDERED : PAIR_DOUBTED;
		if (p->state == PAIR_DOUBTED)
			pair_doubted(p);
		add_relaxed(&counts.below_level, 1);
	} else {
		add_relaxed(&counts.repeated, 1);
	}
	pair_waited(p, f);
	if (f->held != HELD_NOT_YET) {
		if (f->held != HELD_NOT)
			pair_held(p, f);
	} else {
		rounds = pair_hold(t, p, f);
		if (rounds)
			return rounds;
	}
	if (!below_level(RECORD_POSSIBLE) && p->state != PAIR_TOLD && p->state != PAIR_SETTLED) {
		look(t, f, p);
		report(p);
	}
	return ANSWER_DOUBT;
}

uint32_t finding_report(struct race_thread *t, const struct race_finding *f)
{
	struct pair *p = is_asked_for(f) ? pair_of(f) : NULL;
	uint32_t answer = 0;

	if (!p || load_relaxed(&p->state) == PAIR_SETTLED) { /* a full set reports nothing more: thousands have been told by then */
		add_relaxed(p ? &counts.repeated : &counts.below_level, 1);
		return 0;
	}
	lock_take(&report_lock);
	if (p->state == PAIR_SETTLED) {
		add_relaxed(&counts.repeated, 1);
	} else if (f->verdict != VERDICT_CERTAIN) {
		answer = doubt(t, f, p);
	} else {
		look(t, f, p);
		report(p);
	}
	if (looking)
		pending_end();
	looking = 0;
	lock_drop(&report_lock);
	return answer;
}

/* The engine's seam. */
uint32_t engine_found(struct race_thread *t, const struct race_finding *f)
{
	return finding_report(t, f);
}

int engine_hold(struct race_thread *t)
{
	return hold_round(t);
}

/* The thread holds a lock that it does not share. */
static int keeps_out(const struct race_thread *t)
{
	for (uint32_t i = 0; i < t->nheld; i++) {
		if (!(t->held[i] & LOCK_READ_MODE))
			return 1;
	}
	return 0;
}

uint32_t engine_first(struct race_thread *t, uint32_t stack)
{
	static uint32_t looked;
	int atomics;

	if (unlikely(!load_relaxed(&looked))) {
		lock_take(&report_lock);
		atomics = race_options.delay_ms && modules_hold_atomics();
		lock_drop(&report_lock);
		store_relaxed(&looked, 1);
		if (!atomics)
			store_relaxed(&race_try_first, 0);
	}
	return load_relaxed(&race_try_first) ? hold_first(t, stack, keeps_out(t)) : 0;
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
	learn_start();
	race_try_first = 1; /* until the code was looked at */
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
		"ordered by a once", "dead maps evicted", "keys without room",
	};
	struct unwind_stats u;
	struct pairs_stats doubts;
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
	pairs_stats(&doubts);
	{
		struct buf b = buf_on(line, sizeof(line));

		buf_fmt(&b, "librace: stats: possible: %u pairs in doubt, %u of them ordered by what nobody sees; %u calls held for %lu ms",
			doubts.doubted, doubts.ordered, doubts.holds, (unsigned long)(doubts.held_ns / 1000000));
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
	learn_write();
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
	looking = 0;
	pairs_forget();
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
