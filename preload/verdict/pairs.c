/* SPDX-License-Identifier: MIT */
/*
 * pairs.c - the set of pairs, and how long which side of them is held.
 *
 * Owns      the table of pairs, the budget of the delay test.
 * Held      a thread whose access is in doubt waits inside its operation, before the real call, for some milliseconds. Whoever
 *           is not ordered with it may come to the map meanwhile, and the engine then sees two calls inside one map: no
 *           order, seen or not, can explain that. Whoever is ordered behind it comes just after.
 * Budget    a fifth of a second in all, and a fiftieth of the time the process runs; from one place at most HOT_HOLDS times. A thread
 *           sleeps by a bare system call, without the guard, so that signal handlers work as ever. Nobody is held in a
 *           sandbox, which may kill for it.
 * Free      who was held goes on for a third of that time before the next hold, so that it can catch up with the others.
 * Hot       both places of a pair in doubt are held from then on whenever somebody comes by, conflict or not: of a pair like "hands
 *           over, then writes once more", only the one who writes can be caught.
 * First     a thread that works in one short burst is over before the other one begins, so that nobody could be caught. In a
 *           process whose code holds atomics, the first use from each place of a map that others had is held briefly.
 */
#include "pairs.h"

#include <linux/time_types.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "../core.h"
#include "../emit.h"
#include "../helper_host.h"
#include "../options.h"
#include "../sys/os.h"

#define PAIRS (1u << 14)
#define PROBES 64
#define HELD_BACK_ENOUGH 3
#define AFTER_NS 1000000u /* a thread that was waiting needs some time to wake up and come */
#define ROUND_NS 250000u
#define BUDGET_NS 200000000u
#define FIRST_HOLDS 16
#define HOT_HOLDS 16

static struct pair pairs[PAIRS]; /* open addressing, insert-only, keys by compare-and-swap */
static uint32_t used;            /* something is in there */
static struct {
	uint64_t held_ns, started; /* together; when the process was first asked */
	uint32_t holds, firsts[2]; /* firsts: without and with a lock that keeps others out */
} budget;
static uint32_t first_seen[RACE_STACKS / 32]; /* a bit for each stack */

struct pair *pair_of(const struct race_finding *f)
{
	uint64_t a = word_stack(f->now.word), b = word_stack(f->before.word), lo = a < b ? a : b, hi = a < b ? b : a;
	uint64_t key = (lo << 24 | hi) << 2 | (uint64_t)f->kind | (uint64_t)1 << 63;
	uint64_t at = (key * 0x9E3779B97F4A7C15ull) >> 50;

	if (!load_relaxed(&used))
		store_relaxed(&used, 1);
	for (unsigned i = 0; i < PROBES; i++) {
		struct pair *p = &pairs[(at + i) % PAIRS];
		uint64_t old = load_relaxed(&p->key);

		if (old == key || (!old && cas_acq_rel(&p->key, &old, key)) || old == key)
			return p;
	}
	return NULL;
}

void pairs_forget(void)
{
	if (used) /* else leave its pages shared */
		memset(pairs, 0, sizeof(pairs));
	used = 0;
	memset(&budget, 0, sizeof(budget));
}

/* ---- the delay test ---------------------------------------------------------------------------------------------------- */

static int may_hold(const struct race_thread *t, uint64_t now, uint64_t ns)
{
	uint64_t started = load_relaxed(&budget.started);

	if (!race_options.delay_ms || emit_is_sandboxed() || now < t->free_until)
		return 0;
	if (!started)
		store_relaxed(&budget.started, started = now);
	return load_relaxed(&budget.held_ns) + ns <= BUDGET_NS + (now - started) / 50;
}

/* The first holds from a place are short; where nobody was caught they get longer. 0: that place was held often enough. */
static uint64_t hold_ns(uint32_t stack)
{
	uint32_t left = load_relaxed(&race_hot[stack]);

	if (!left)
		return 0;
	return race_options.delay_ms * 500000ull * (left > HOT_HOLDS * 5 / 8 ? 1 : left > HOT_HOLDS / 4 ? 2 : 6);
}

/* Two at once: one hold more. */
static uint32_t take_hold(struct race_thread *t, uint32_t stack, uint64_t now, uint64_t ns)
{
	t->free_until = now + ns + ns / 3;
	store_relaxed(&race_hot[stack], (uint8_t)(load_relaxed(&race_hot[stack]) - 1));
	add_relaxed(&budget.holds, 1);
	return (uint32_t)(ns / ROUND_NS);
}

void pair_doubted(struct pair *p)
{
	store_relaxed(&race_try_first, 1);
	for (int side = 0; side < 2; side++) {
		if (pair_stack(p, side))
			store_relaxed(&race_hot[pair_stack(p, side)], HOT_HOLDS);
	}
}

uint32_t pair_hold(struct race_thread *t, struct pair *p, const struct race_finding *f)
{
	uint32_t stack = word_stack(f->now.word);
	uint64_t ns = hold_ns(stack), now = os_monotonic_ns();

	if (p->state != PAIR_DOUBTED || !ns || !may_hold(t, now, ns))
		return 0;
	p->holds++;
	p->holder = f->now.thread;
	p->started = now;
	p->ended = 0;
	return take_hold(t, stack, now, ns);
}

void pair_held(struct pair *p, const struct race_finding *f)
{
	if (p->holder == f->now.thread && f->held == HELD_ALONE)
		p->ended = os_monotonic_ns();
	else
		p->held_back = 0;
}

int pair_waited(struct pair *p, const struct race_finding *f)
{
	uint64_t ended = p->ended, now = os_monotonic_ns();

	if (p->state != PAIR_DOUBTED || !ended || f->now.thread == p->holder)
		return 0;
	p->ended = 0;
	if (now - ended > ended - p->started + AFTER_NS) {
		p->held_back = 0;
		return 0;
	}
	if (++p->held_back < HELD_BACK_ENOUGH)
		return 0;
	p->state = PAIR_ORDERED;
	return 1;
}

/* Outside the guard: a handler that runs now must find its hooks working. */
int hold_round(struct race_thread *t)
{
	struct __kernel_timespec round = { 0, ROUND_NS };
	uint64_t from = os_monotonic_ns();

	thread_leave(t);
	os_syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, (long)&round, 0, 0, 0);
	hook_reenter(t);
	add_relaxed(&budget.held_ns, os_monotonic_ns() - from);
	return 1;
}

uint32_t hold_first(struct race_thread *t, uint32_t stack, int locked)
{
	uint32_t *word = &first_seen[stack / 32], bit = 1u << stack % 32;
	uint64_t ns = hold_ns(stack), now = os_monotonic_ns();

	if (ns)
		return may_hold(t, now, ns) ? take_hold(t, stack, now, ns) : 0;
	ns = race_options.delay_ms * 1000000ull;
	if (!stack || load_relaxed(word) & bit || load_relaxed(&budget.firsts[locked]) >= FIRST_HOLDS || !may_hold(t, now, ns))
		return 0;
	store_relaxed(word, load_relaxed(word) | bit); /* a bit lost to another thread costs one hold more */
	add_relaxed(&budget.firsts[locked], 1);
	return (uint32_t)(ns / ROUND_NS);
}

/* ---- telling ------------------------------------------------------------------------------------------------------------- */

void pairs_stats(struct pairs_stats *out)
{
	memset(out, 0, sizeof(*out));
	out->holds = budget.holds + budget.firsts[0] + budget.firsts[1];
	out->held_ns = load_relaxed(&budget.held_ns);
	out->budget_ns = !race_options.delay_ms ? 0 : BUDGET_NS +
		(load_relaxed(&budget.started) ? (os_monotonic_ns() - load_relaxed(&budget.started)) / 50 : 0);
	for (uint32_t i = 0; used && i < PAIRS; i++) {
		out->doubted += pairs[i].state == PAIR_DOUBTED || pairs[i].state == PAIR_ORDERED || pairs[i].state == PAIR_TOLD;
		out->ordered += pairs[i].state == PAIR_ORDERED;
	}
}

void pairs_ordered(void (*each)(const struct pair *p))
{
	for (uint32_t i = 0; used && i < PAIRS; i++) {
		if (pairs[i].state == PAIR_ORDERED && !pairs[i].learned)
			each(&pairs[i]);
	}
}
