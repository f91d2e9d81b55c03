/* SPDX-License-Identifier: MIT */
/*
 * pthread_lock.c - mutexes, reader-writer locks, spin locks. The rows are pthread_lock.def.
 *
 * Edges     unlock releases before the real call, lock acquires after it. A mutex is released by replacing the object's
 *           clock: its holder has acquired everything that was in there, and is alone with it.
 * Try forms acquire only on success; EOWNERDEAD is a success. EBUSY, ETIMEDOUT and EDEADLK leave no trace.
 */
#include "mutex.h"

static inline void rwlock_forget(const void *l)
{
	sync_forget(KEY(l));
	sync_forget(READERS(l));
}

static inline void spin_got(struct race_thread *t, const void *s)
{
	lock_held(t, KEY(s), LOCK_SPIN, 0);
	sync_acquire_alone(t, KEY(s));
}

static inline void spin_give(struct race_thread *t, const void *s)
{
	if (lock_dropped(t, KEY(s)) == 1)
		sync_release(t, KEY(s));
	else
		sync_release_join(t, KEY(s));
}

#include "pthread_lock.def"
