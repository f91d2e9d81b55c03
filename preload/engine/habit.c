/* SPDX-License-Identifier: MIT */
/*
 * habit.c - the lock discipline of a map: what is rare in habit.h, and what is made of the counts.
 */
#include "habit.h"

#define HABIT_LEAST 3

void habit_other(struct map_habit *h, uint64_t lock)
{
	unsigned rarest = 0;

	for (unsigned i = 0; i < HABIT_LOCKS; i++) {
		uint64_t here = load_relaxed(&h->lock[i]);

		if (here == lock || !here) {
			store_relaxed(&h->lock[i], lock);
			store_relaxed(&h->held[i], load_relaxed(&h->held[i]) + 1);
			return;
		}
		if (load_relaxed(&h->held[i]) < load_relaxed(&h->held[rarest]))
			rarest = i;
	}
	if (load_relaxed(&h->held[rarest]) > 1) {
		store_relaxed(&h->held[rarest], load_relaxed(&h->held[rarest]) - 1);
	} else {
		store_relaxed(&h->lock[rarest], lock);
		store_relaxed(&h->held[rarest], 1);
	}
}

uint64_t habit_usual(const struct race_cell *c, uint32_t *held, uint32_t *accesses)
{
	const struct map_habit *h = cell_habit(c);
	unsigned best = 0;

	if (load_relaxed(&h->gen) != load_relaxed(&c->gen))
		return 0;
	for (unsigned i = 1; i < HABIT_LOCKS; i++) {
		if (load_relaxed(&h->held[i]) > load_relaxed(&h->held[best]))
			best = i;
	}
	*held = load_relaxed(&h->held[best]);
	*accesses = load_relaxed(&h->accesses);
	if (*accesses < *held)
		*accesses = *held;
	return *held >= HABIT_LEAST && *held / 3 >= *accesses - *held ? load_relaxed(&h->lock[best]) : 0;
}

int habit_broken(const struct race_access *a, uint64_t lock)
{
	if (!a->have_note || a->nlocks > RACE_NOTE_LOCKS)
		return 0;
	for (unsigned i = 0; i < a->nlocks; i++) {
		if (HABIT_LOCK(a->locks[i]) == lock)
			return 0;
	}
	return 1;
}
