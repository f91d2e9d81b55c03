/* SPDX-License-Identifier: MIT */
/*
 * pairs.h - what became of each pair of stacks that raced, and the delay test of those in doubt.
 *
 * A pair is known by its two stacks, either way round, and the kind of finding. A finding that is believed is told once. One that
 * is in doubt stays in doubt until somebody is caught inside the map, or until holding one side back again and again has
 * shown that the other waits for it: then an order exists that nobody sees.
 */
#ifndef RACE_VERDICT_PAIRS_H
#define RACE_VERDICT_PAIRS_H

#include "../engine/engine.h"

enum pair_state {
	PAIR_NEW,
	PAIR_DOUBTED,  /* counted as possible */
	PAIR_ORDERED,  /* the same, and the delay test (or an earlier run) says that it is ordered */
	PAIR_TOLD,     /* reported as possible: later counted, when it proves to be more, but not printed again */
	PAIR_SETTLED,  /* reported, or suppressed */
};

struct pair {
	uint64_t key;
	uint64_t started, ended; /* of the last hold, monotonic ns; ended 0: nothing to learn from it */
	uint32_t holder;         /* number of the thread that was held */
	uint64_t side[2];        /* how learn.c calls the two stacks; 0 not asked for */
	uint8_t state;           /* enum pair_state; SETTLED is read without the lock */
	uint8_t holds, held_back; /* how often one side was held; how often the other came just after, in a row */
	uint8_t learned;         /* ORDERED by an earlier run */
	uint8_t waits;           /* the ledger knows of somebody who waits for memory to change */
};

/* The pair, made when it is new; NULL when there is no room. Lock-free; its fields are guarded by the report lock. */
struct pair *pair_of(const struct race_finding *f);
void pairs_forget(void); /* in a forked child */

/* Its stacks, 0 and 1. */
static inline uint32_t pair_stack(const struct pair *p, int which)
{
	return (uint32_t)(which ? p->key >> 2 : p->key >> 26) & (RACE_STACKS - 1);
}

/* The pair is in doubt from now on: its places are worth holding. */
void pair_doubted(struct pair *p);
/* Rounds for which the current thread should be held inside its operation now; 0: not, or no more. Report lock held. */
uint32_t pair_hold(struct race_thread *t, struct pair *p, const struct race_finding *f);
/* The hold is over. Report lock held. */
void pair_held(struct pair *p, const struct race_finding *f);
/* A finding of a pair in doubt: whether it came just after a hold that kept it waiting. 1: it is ordered now. Report lock held. */
int pair_waited(struct pair *p, const struct race_finding *f);

/* One round of engine_hold. */
int hold_round(struct race_thread *t);
/* engine_first, in a process whose code holds atomics. */
uint32_t hold_first(struct race_thread *t, uint32_t stack, int locked);
/* For stats=1: pairs now in doubt, of these ordered; holds so far and their time. */
struct pairs_stats {
	uint32_t doubted, ordered, holds;
	uint64_t held_ns, budget_ns; /* so long they were held, of what they may be by now */
};
void pairs_stats(struct pairs_stats *out);
/* Every pair that is ordered by this run's own test. */
void pairs_ordered(void (*each)(const struct pair *p));

#endif
