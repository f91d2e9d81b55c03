/* SPDX-License-Identifier: MIT */
/*
 * pthread_lock.c - mutexes, reader-writer locks, spin locks. The rows are pthread_lock.def.
 *
 * Edges     unlock releases before the real call, lock acquires after it. A mutex is released by replacing the object's
 *           clock: its holder has acquired everything that was in there, and is alone with it.
 * Try forms acquire only on success; EOWNERDEAD is a success, of a mutex whose owner died without an unlock. EBUSY, ETIMEDOUT and EDEADLK leave no trace.
 */
#define HOOK_POLICY PATCH_TOGETHER
#include "mutex.h"

/*
 * The loader's own locks: passed by every dlopen, dlsym, thread-local destructor of C++ and first call of a hook. Threads that
 * did so one after the other are not synchronised by that. All of them are recursive, which a look at the mutex tells.
 */
static inline int is_loaders(const pthread_mutex_t *m)
{
	return unlikely(load_relaxed(&m->__data.__kind) == PTHREAD_MUTEX_RECURSIVE_NP) &&
	       range_holds(&race_loader, KEY(m));
}

/* The owner of a robust mutex died: the kernel released it, and nobody says when. */
static inline void mutex_got_by(struct race_thread *t, const pthread_mutex_t *m, int result)
{
	if (is_loaders(m))
		return;
	mutex_got(t, m);
	if (unlikely(result == EOWNERDEAD))
		sync_acquire_everything(t);
}

static inline void mutex_given(struct race_thread *t, const pthread_mutex_t *m)
{
	if (!is_loaders(m))
		mutex_give(t, m);
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
