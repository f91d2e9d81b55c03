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

#include "control.h"
#include "emit.h"
#include "exit.h"
#include "fill.h"
#include "helper_host.h"
#include "host.h"
#include "metrics.h"
#include "module.h"
#include "options.h"
#include "record_file.h"
#include "sys/fmt.h"
#include "sys/lock.h"
#include "sys/os.h"
#include "told.h"
#include "trace.h"
#include "verdict/learn.h"
#include "verdict/modules.h"
#include "verdict/weigh.h"

static struct lock report_lock;
static struct record record; /* guarded by report_lock; too large for a thread's stack */

static struct finding_counts counts;
static uint32_t summarised;
static int looking; /* a look has begun; guarded by report_lock */
static struct {
	struct race_thread *t;
	const struct race_finding *f;
} made_from; /* what the record was made from; guarded by report_lock, valid as long as that is held */

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
	if (!record_counts(r))
		return;
	if (r->kind == RECORD_STALE_ITERATOR || r->kind == RECORD_CHECK_THEN_ACT)
		counts.misuses++;
	else
		counts.races++;
	if (race_options.halt_on_error) {
		lock_drop(&report_lock);
		exit_told((int)race_options.exitcode);
		os_exit((int)race_options.exitcode);
	}
}

/* Of those that were not suppressed. */
static void count_class(const struct record *r)
{
	switch (r->kind) {
	case RECORD_RACE:
		add_relaxed(&counts.race[r->verdict], 1);
		break;
	case RECORD_DEAD_MAP:
		add_relaxed(&counts.dead_maps, 1);
		break;
	case RECORD_STALE_ITERATOR:
		add_relaxed(&counts.stale_iterators, 1);
		break;
	case RECORD_CHECK_THEN_ACT:
		add_relaxed(&counts.torn, 1);
		break;
	}
}

static void told(const struct race_finding *f, enum told_how how)
{
	told_add(f, &record, how);
	if (how != TOLD_SUPPRESSED)
		count_class(&record);
}

/* The record is full and weighed. */
static void report(const struct race_finding *f, struct pair *p)
{
	int is_new = p->state != PAIR_TOLD;

	p->state = record.verdict == RECORD_POSSIBLE ? PAIR_TOLD : PAIR_SETTLED;
	if (!is_new) { /* printed as possible: it is more than that, which counts */
		count(&record);
		return;
	}
	if (race_options.max_reports && counts.printed >= race_options.max_reports) {
		counts.over_limit++;
		told(f, TOLD_OVER_LIMIT);
	} else if (emit_record(&record) >= 0) {
		counts.suppressed++;
		told(f, TOLD_SUPPRESSED);
		p->state = PAIR_SETTLED;
		return;
	} else {
		counts.printed++;
		told(f, TOLD_PRINTED);
	}
	if (trace_is_on())
		trace_finding(made_from.t, made_from.f, &record);
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
	made_from.t = t;
	made_from.f = f;
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
				report(f, p);
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
		report(f, p);
	}
	return ANSWER_DOUBT;
}

uint32_t finding_report(struct race_thread *t, const struct race_finding *f)
{
	struct pair *p = is_asked_for(f) ? pair_of(f) : NULL;
	uint32_t answer = 0;
	uint64_t since;

	if (!p && is_asked_for(f))
		add_relaxed(&counts.no_room, 1);
	if (!p || load_relaxed(&p->state) == PAIR_SETTLED) { /* a full set reports nothing more: thousands have been told by then */
		add_relaxed(p ? &counts.repeated : &counts.below_level, 1);
		return 0;
	}
	since = trace_is_on() ? os_ticks() : 0;
	lock_take(&report_lock);
	if (p->state == PAIR_SETTLED) {
		add_relaxed(&counts.repeated, 1);
	} else if (f->verdict != VERDICT_CERTAIN) {
		answer = doubt(t, f, p);
	} else {
		look(t, f, p);
		report(f, p);
	}
	if (looking)
		pending_end();
	looking = 0;
	lock_drop(&report_lock);
	if (since && trace_is_on())
		trace_paused(t, since, 1);
	return answer;
}

/* The engine's seam. */
uint32_t engine_found(struct race_thread *t, const struct race_finding *f)
{
	return finding_report(t, f);
}

int engine_hold(struct race_thread *t)
{
	uint64_t since = trace_is_on() ? os_ticks() : 0;
	int more = hold_round(t);

	if (since && trace_is_on())
		trace_paused(t, since, 0);
	return more;
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
	learn_start();
	race_try_first = 1; /* until the code was looked at */
}

unsigned finding_counted(void)
{
	return load_relaxed(&counts.races) + load_relaxed(&counts.misuses);
}

void finding_counts(struct finding_counts *out)
{
	*out = counts;
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
		metrics_tell();
	metrics_write();
	control_exit();
}

void finding_forked(void)
{
	lock_reset(&report_lock);
	looking = 0;
	pairs_forget();
	told_forked();
	memset(&counts, 0, sizeof(counts));
	summarised = 0;
}

void finding_lock(void)
{
	lock_take(&report_lock);
}

int finding_try_lock(void)
{
	return lock_try(&report_lock);
}

void finding_unlock(void)
{
	lock_drop(&report_lock);
}
