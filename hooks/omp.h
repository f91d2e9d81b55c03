/* SPDX-License-Identifier: MIT */
/*
 * omp.h - what the two run times of OpenMP have in common: gcc's libgomp (gomp.c) and clang's libomp (kmp.c), which also answers
 * to libgomp's names. Both may be in one process.
 *
 * A region's record lies on the stack of the thread that opened it; no run time returns from there before all have passed the
 * barrier at its end. Each member of the record is a sync object by its address. The record of what runs outside all regions is
 * static: there only tasks are known.
 */
#ifndef RACE_HOOKS_OMP_H
#define RACE_HOOKS_OMP_H

#include "sync_rows.h"

struct omp_region {
	const void *caller; /* who opened it */
	/* what an address stands for: */
	char fork, join, barrier, tasks, loops, ordered, doacross;
};

extern __thread struct omp_region *omp_region __attribute__((visibility("hidden"))); /* innermost of this thread; NULL: none */
extern struct omp_region omp_outside __attribute__((visibility("hidden")));
extern char omp_events __attribute__((visibility("hidden"))); /* of detached tasks: any thread fulfils them, none says whose */

static inline struct omp_region *omp_here(void)
{
	return omp_region ? omp_region : &omp_outside;
}

/* A call in tail position of a region or a task returns to librace, which knows nobody's libraries: it is the region's, then. */
static inline const void *omp_caller(const void *return_address)
{
	return unlikely(range_holds(&race_self, KEY(return_address))) && omp_region ? omp_region->caller : return_address;
}
#undef CALLER
#define CALLER omp_caller(__builtin_return_address(0))

#define HERE(member) KEY(&omp_here()->member)

static inline void region_end(struct omp_region *r)
{
	SYNC_ENTER(sync_acquire(t, KEY(&r->join)); sync_acquire(t, KEY(&r->tasks)); sync_acquire(t, KEY(&omp_events)));
	for (char *at = &r->fork; at <= &r->doacross; at++)
		sync_forget(KEY(at));
}

/* What tasks did is known to whoever has waited for some of the region's: more order than there is where others still run. */
static inline void tasks_waited(struct race_thread *t)
{
	sync_acquire(t, HERE(tasks));
	sync_acquire(t, KEY(&omp_events));
}

/* A task's memory, before anything lives there: libomp has kept it from a task that is over, without a free(). */
static inline void task_memory_new(const void *at, size_t bytes)
{
	if (memory_is_watched(KEY(at), bytes))
		SYNC_ENTER(memory_forget(KEY(at), bytes));
}

static inline void barrier_reached(struct race_thread *t)
{
	if (omp_region)
		sync_release_join(t, HERE(barrier));
}

static inline void barrier_passed(struct race_thread *t)
{
	if (!omp_region)
		return;
	sync_acquire(t, HERE(barrier));
	tasks_waited(t);
}

static inline void omp_got(struct race_thread *t, const void *l)
{
	lock_held(t, KEY(l), LOCK_OTHER, 0);
	sync_acquire_alone(t, KEY(l));
}

static inline void omp_give(struct race_thread *t, const void *l)
{
	int level = lock_dropped(t, KEY(l));

	if (level == 1)
		sync_release(t, KEY(l));
	else if (level < 0)
		sync_release_join(t, KEY(l)); /* taken where we did not see it */
}

#endif
