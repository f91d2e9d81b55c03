/* SPDX-License-Identifier: MIT */
/*
 * glib_queue.c - GAsyncQueue. The rows are glib_queue.def.
 *
 * What was pushed is ordered before whoever pops it. A pop is not ordered before the next pop, although GLib's own
 * mutex inside orders them for a moment: workers that take their jobs from one queue and then write one table without a
 * lock are exactly what must be found. Asking for the length is ordered after both, since "all workers wait" is a way
 * of saying that they are done.
 *
 * Objects   queue: the user-visible lock (the GMutex at its start); +1: what was pushed; +2: what poppers had done
 *           before.
 */
/* Inside libglib queues are parts of thread pools, which have their own edges (glib_pool.c). */
#define SYNC_THREAD(symbol) (INSIDE(symbol) ? NULL : thread_enter())

#include "glib_types.h"
#include "sync_rows.h"

#define PUSHED(q) (KEY(q) + 1)
#define POPPERS(q) (KEY(q) + 2)

static inline void queue_got(struct race_thread *t, const void *q)
{
	lock_dropped(t, KEY(q)); /* as GLib's own lock, if that was seen (glib_lock.c) */
	lock_held(t, KEY(q), LOCK_MUTEX, 0);
	sync_acquire(t, KEY(q));
}

static inline void queue_give(struct race_thread *t, const void *q)
{
	if (lock_dropped(t, KEY(q)) == 1)
		sync_release(t, KEY(q));
	else
		sync_release_join(t, KEY(q));
}

static inline void queue_asked(struct race_thread *t, const void *q)
{
	sync_acquire(t, PUSHED(q));
	sync_acquire(t, POPPERS(q));
}

/* The last reference frees the items that are left. */
static inline void queue_unref(struct race_thread *t, const void *q)
{
	sync_release_join(t, POPPERS(q));
	queue_asked(t, q);
}

static inline void queue_born(const void *q)
{
	sync_forget(KEY(q));
	sync_forget(PUSHED(q));
	sync_forget(POPPERS(q));
}

#include "glib_queue.def"
