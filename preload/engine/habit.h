/* SPDX-License-Identifier: MIT */
/*
 * habit.h - which locks are held when a map is accessed, and how often: the lock discipline of each map.
 *
 * Owns      one map_habit beside each table cell.
 * Counts    each access that was recorded, and each access of a thread that took the same lock again (access.c, "Same epoch").
 *           Accesses that repeat without a release between count once: they say nothing new about locks.
 * Writers   any thread, no lock: the counts are those of a racing program, off by some when it races. Three locks compete for
 *           a place; a lock that is met while all places are taken wears down the rarest, so one that is held in most
 *           accesses is never lost.
 */
#ifndef RACE_ENGINE_HABIT_H
#define RACE_ENGINE_HABIT_H

#include "state.h"

#define HABIT_LOCK(held) ((held) & ~(LOCK_READ_MODE | LOCK_NO_EDGE))

static inline struct map_habit *cell_habit(const struct race_cell *c)
{
	return &race_tables.habits[cell_index(c)];
}

void habit_other(struct map_habit *h, uint64_t lock);

static inline void habit_note(const struct race_thread *t, const struct race_cell *c)
{
	struct map_habit *h = cell_habit(c);

	if (unlikely(load_relaxed(&h->gen) != load_relaxed(&c->gen))) {
		memset(h, 0, sizeof(*h));
		store_relaxed(&h->gen, load_relaxed(&c->gen));
	}
	store_relaxed(&h->accesses, load_relaxed(&h->accesses) + 1);
	for (uint32_t i = t->nheld; unlikely(i-- > 0);) {
		uint64_t lock = HABIT_LOCK(t->held[i]);

		if (likely(load_relaxed(&h->lock[0]) == lock))
			store_relaxed(&h->held[0], load_relaxed(&h->held[0]) + 1);
		else
			habit_other(h, lock);
	}
}

/* The lock held in most accesses, when that is a habit: at least 3 times, and in at least three of four accesses. The lock word
 * without its mode; 0 none. */
uint64_t habit_usual(const struct race_cell *c, uint32_t *held, uint32_t *accesses);

/* The access does not hold that lock: 1; it does, or it is not known: 0. */
int habit_broken(const struct race_access *a, uint64_t lock);

#endif
