/* SPDX-License-Identifier: MIT */
/*
 * engine.c - start, fork, counters.
 *
 * Fork      the child has one thread. Every other thread's past is ordered before it, whatever was in progress is void: locks
 *           are reset, an odd seq or a held object lock carries the number of its fork generation and is not believed in
 *           a later one.
 */
#include "alias.h"
#include "compound.h"
#include "family.h"
#include "state.h"

uint64_t race_counters[COUNTERS];
uint32_t race_try_first; /* written by the embedder */
uint8_t race_hot[RACE_STACKS];

static struct lock *const locks[] = { /* in lock order */
	&aliases_lock, &threads_lock, &syncs_lock, &cells_lock, &overflow_lock, &once_lock, &contexts_lock, &pools_lock,
};
#define LOCKS (sizeof(locks) / sizeof(locks[0]))

int engine_init(int small)
{
	memset(race_counters, 0, sizeof(race_counters));
	families_reset();
	compound_init(small);
	aliases_reset();
	/* The order matters: emptying the cells' readers needs the old pool no more, the tables need the page filter. */
	return threads_init(small) | pages_init() | readers_init(small) | cells_init(small) | syncs_init(small) |
	       contexts_init(small);
}

void engine_lock_all(void)
{
	for (uint32_t i = 0; i < LOCKS; i++)
		lock_take(locks[i]);
}

void engine_unlock_all(void)
{
	for (uint32_t i = LOCKS; i-- > 0;)
		lock_drop(locks[i]);
}

void engine_forked(struct race_thread *self)
{
	for (uint32_t i = 0; i < LOCKS; i++)
		lock_reset(locks[i]);
	race_tables.forks++;
	if (self) {
		/* What the forking thread has open stays open: it is inside in the child, too. */
		for (uint32_t i = 0; i < self->nopen; i++)
			store_relaxed(&self->open[i].cell->forks, race_tables.forks);
	}
	threads_forked(self);
	compound_forked();
	aliases_forked();
	memset(race_counters, 0, sizeof(race_counters));
	families_reset();
}

void engine_counters_fold(void)
{
	threads_fold();
}
