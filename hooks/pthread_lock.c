/* SPDX-License-Identifier: MIT */
/*
 * pthread_lock.c - mutexes, reader-writer locks, spin locks. The rows are pthread_lock.def.
 *
 * Edges     unlock releases before the real call, lock acquires after it. A mutex is released by replacing the object's
 *           clock: its holder has acquired everything that was in there, and is alone with it.
 * Try forms acquire only on success; EOWNERDEAD is a success, of a mutex whose owner died without an unlock. EBUSY, ETIMEDOUT and EDEADLK leave no trace.
 */
#include "mutex.h"

/* The owner of a robust mutex died: the kernel released it, and nobody says when. */
static inline void mutex_got_by(struct race_thread *t, const void *m, int result)
{
	mutex_got(t, m);
	if (unlikely(result == EOWNERDEAD))
		sync_acquire_everything(t);
}

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
