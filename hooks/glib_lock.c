/* SPDX-License-Identifier: MIT */
/*
 * glib_lock.c - GLib's locks and conditions. The rows are glib_lock.def.
 *
 * GMutex, GCond, bit locks   inline atomics and futexes inside GLib, never pthread: hooked by name.
 * GRecMutex, GRWLock         a pthread lock behind a pointer in their first word. libglib reaches it through the PLT,
 *                            so the edges are those of the pthread hooks; here the lock that was taken only gets the
 *                            name that the program knows it by, and its inner name back before it is given.
 */
#include "glib_types.h"
#include "mutex.h"

/* ---- GMutex, GCond --------------------------------------------------------------------------------------------- */

/*
 * `inside`: libglib takes the lock for itself, to guard a table or list of its own. Such a lock is held like any other - two
 * accesses under one lock are never reported - but it orders nothing else: threads that happen to have passed GLib's
 * allocator or quark table one after the other are not synchronised by that, and would hide each other's races.
 */
static inline void gmutex_got(struct race_thread *t, const void *m, int inside)
{
	if (unlikely(inside)) {
		lock_held_no_edge(t, KEY(m), LOCK_MUTEX);
		return;
	}
	lock_held(t, KEY(m), LOCK_MUTEX, 0);
	sync_acquire_alone(t, KEY(m));
}

/* GMutex is published as a union of a pointer and unsigned i[2]; i[0] is the futex word, 0 when free (gthread-posix.c).
 * An unlock by a thread that we did not see locking: see mutex_give_unseen. */
static __attribute__((noinline, cold)) void gmutex_give_unseen(struct race_thread *t, const unsigned *m)
{
	if (load_relaxed(m) != 0)
		sync_release_join(t, KEY(m));
}

static inline void gmutex_give(struct race_thread *t, const void *m, int inside)
{
	int level = lock_dropped(t, KEY(m));

	if (unlikely(inside))
		return;
	if (likely(level == 1))
		sync_release(t, KEY(m));
	else if (level < 0)
		gmutex_give_unseen(t, m);
}

static inline void gcond_woken(struct race_thread *t, const void *c, const void *m)
{
	/* GLib takes the mutex back by its own g_mutex_lock: if that is seen, it is held already. */
	lock_dropped(t, KEY(m));
	lock_held(t, KEY(m), LOCK_MUTEX, 0);
	sync_acquire_alone(t, KEY(m));
	sync_acquire(t, KEY(c));
}

/* ---- bit locks ------------------------------------------------------------------------------------------------------
 * One object a word, whatever the bit: two bit locks in one word order each other, which is too much and never too
 * little. */

static inline void bit_got(struct race_thread *t, const volatile void *word)
{
	lock_held(t, KEY(word), LOCK_OTHER, 0);
	sync_acquire(t, KEY(word));
}

static inline void bit_give(struct race_thread *t, const volatile void *word)
{
	lock_dropped(t, KEY(word));
	sync_release_join(t, KEY(word));
}

/* ---- locks around a pthread lock ------------------------------------------------------------------------------- */

static inline void lock_rename(struct race_thread *t, const void *from, const void *to, enum race_lock_type type,
			       int read_mode)
{
	if (from && lock_dropped(t, KEY(from)) >= 0)
		lock_held(t, KEY(to), type, read_mode);
}

#define OUTWARD(l, type, read_mode) lock_rename(t, *(void **)(l), l, type, read_mode)
#define INWARD(l, type, read_mode) lock_rename(t, l, *(void **)(l), type, read_mode)

static inline void grwlock_forget(const void *l)
{
	sync_forget(KEY(l));
	sync_forget(READERS(l));
}

#include "glib_lock.def"
