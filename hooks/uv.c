/* SPDX-License-Identifier: MIT */
/*
 * uv.c - libuv: uv_async_send wakes a loop in another thread. The rows are uv.def.
 *
 * Sends      are told apart by nothing: one that finds an earlier one pending returns at an inlined flag and writes to no
 *            descriptor. So each releases into the handle, and the handle's callback acquires that before it runs.
 * Callbacks  are replaced when the handle is made by thunks, one for each distinct function. Number n calls originals[n]. Claimed
 *            by compare-and-swap, never given back: no lock.
 * When full  the callback stays as it is, and from then on what is sent is published (sync_publish_once).
 * The rest   of libuv is built of POSIX threads and descriptors, called through the PLT: work queues, locks, threads, signals.
 */
#include "sync_rows.h"

typedef void async_fn(void *handle);

enum { THUNKS = 64 };
static async_fn *originals[THUNKS];
static uint32_t blind; /* latched */

/* Beside what the same address may stand for: a lock in the structure that the handle begins. */
#define SENT(handle) (KEY(handle) + 1)

static RUNS_CALLBACKS void async_run(unsigned n, void *handle)
{
	async_fn *original = load_relaxed(&originals[n]);

	SYNC_ENTER(sync_acquire(t, SENT(handle)));
	original(handle);
}

#define THUNK(n)                                                                                                     \
	static void thunk_##n(void *handle)                                                                          \
	{                                                                                                            \
		async_run(0##n, handle);                                                                             \
	}
#define NAMED(n) thunk_##n,
#define TIMES_8(what, n) what(n##0) what(n##1) what(n##2) what(n##3) what(n##4) what(n##5) what(n##6) what(n##7)
#define TIMES_64(what)                                                                                               \
	TIMES_8(what, 0) TIMES_8(what, 1) TIMES_8(what, 2) TIMES_8(what, 3)                                          \
	TIMES_8(what, 4) TIMES_8(what, 5) TIMES_8(what, 6) TIMES_8(what, 7)

TIMES_64(THUNK)
static async_fn *const thunks[THUNKS] = { TIMES_64(NAMED) };

static async_fn *thunk_of(async_fn *original)
{
	for (unsigned n = 0; n < THUNKS; n++) {
		async_fn *there = NULL;

		if (original == thunks[n])
			return original; /* copied from another handle */
		if (load_relaxed(&originals[n]) == original || cas_acq_rel(&originals[n], &there, original) ||
		    there == original)
			return thunks[n]; /* partner of the exchange: libuv's own, when it lets the callback run */
	}
	store_relaxed(&blind, 1);
	return original;
}

static inline void sent(struct race_thread *t, const void *handle)
{
	sync_release_join(t, SENT(handle));
	if (unlikely(load_relaxed(&blind)))
		sync_publish_once(t, SENT(handle));
}

#include "uv.def"

RACE_EXPORT int uv_async_init(void *loop, void *handle, async_fn *callback);
HOOK_SLOT(uv_async_init)
int uv_async_init(void *loop, void *handle, async_fn *callback)
{
	__typeof__(&uv_async_init) real = REAL(uv_async_init);

	SYNC_ENTER(sync_forget(SENT(handle))); /* of a handle that was here before */
	return real(loop, handle, callback ? thunk_of(callback) : NULL);
}
