/* SPDX-License-Identifier: MIT */
/*
 * mutex.h - what taking and giving a pthread mutex means; shared by the rows of pthread and C11 (mtx_t is a
 * pthread_mutex_t in glibc) and by condition waits.
 */
#ifndef RACE_HOOKS_MUTEX_H
#define RACE_HOOKS_MUTEX_H

#include <errno.h>
#include <pthread.h>

#include "sync_rows.h"

#define GOT (result == 0 || result == EOWNERDEAD)

static inline void mutex_got(struct race_thread *t, const void *m)
{
	lock_held(t, KEY(m), LOCK_MUTEX, 0);
	sync_acquire_alone(t, KEY(m));
}

/*
 * An unlock of a mutex that we did not see this thread take. When nobody holds it, it is a bug of the program ("unlocks a
 * mutex it never locked") and orders nothing: an edge here would hide the very race that comes of it. When somebody holds
 * it, it was taken out of our sight, or one thread unlocks for another: an edge, joined, since we may not be alone.
 */
static __attribute__((noinline, cold, unused)) void mutex_give_unseen(struct race_thread *t, const void *at)
{
	const pthread_mutex_t *m = at;

	if (load_relaxed(&m->__data.__lock) != 0)
		sync_release_join(t, KEY(at));
}

static inline void mutex_give(struct race_thread *t, const void *m)
{
	int level = lock_dropped(t, KEY(m));

	if (likely(level == 1))
		sync_release(t, KEY(m));
	else if (level < 0)
		mutex_give_unseen(t, m);
}

#endif
