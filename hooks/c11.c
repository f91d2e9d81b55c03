/* SPDX-License-Identifier: MIT */
/*
 * c11.c - <threads.h>: mutexes, conditions and call_once. glibc builds them on its own internals without passing the
 * pthread functions' names, so they are hooked by theirs, and step back where those internals are patched. thrd_create and
 * thrd_join are in pthread_thread.c.
 */
#define SYNC_THREAD(symbol) (load_relaxed(&race_libc_patched) ? NULL : thread_enter())

#include <threads.h>

#include "mutex.h"
#include "once.h"

#define TAKEN (result == thrd_success)

SYNC_HOOK(int, mtx_init, (mtx_t *m, int type), (m, type), sync_forget(KEY(m)), NEVER, NOTHING)
SYNC_HOOK_VOID(mtx_destroy, (mtx_t *m), (m), sync_forget(KEY(m)), NOTHING)
SYNC_HOOK(int, mtx_lock, (mtx_t *m), (m), NOTHING, TAKEN, mutex_got(t, m))
SYNC_HOOK(int, mtx_trylock, (mtx_t *m), (m), NOTHING, TAKEN, mutex_got(t, m))
SYNC_HOOK(int, mtx_timedlock, (mtx_t *m, const struct timespec *at), (m, at), NOTHING, TAKEN, mutex_got(t, m))
SYNC_HOOK(int, mtx_unlock, (mtx_t *m), (m), mutex_give(t, m), NEVER, NOTHING)

static inline void wait_retaken(struct race_thread *t, const void *c, const void *m)
{
	mutex_got(t, m);
	sync_acquire(t, KEY(c));
}

SYNC_HOOK(int, cnd_init, (cnd_t *c), (c), sync_forget(KEY(c)), NEVER, NOTHING)
SYNC_HOOK_VOID(cnd_destroy, (cnd_t *c), (c), sync_forget(KEY(c)), NOTHING)
SYNC_HOOK(int, cnd_signal, (cnd_t *c), (c), sync_release_join(t, KEY(c)), NEVER, NOTHING)
SYNC_HOOK(int, cnd_broadcast, (cnd_t *c), (c), sync_release_join(t, KEY(c)), NEVER, NOTHING)
SYNC_HOOK(int, cnd_wait, (cnd_t *c, mtx_t *m), (c, m), mutex_give(t, m), ALWAYS, wait_retaken(t, c, m))
SYNC_HOOK(int, cnd_timedwait, (cnd_t *c, mtx_t *m, const struct timespec *at), (c, m, at), mutex_give(t, m), ALWAYS,
	  wait_retaken(t, c, m))

RACE_EXPORT void call_once(once_flag *flag, void (*routine)(void));
HOOK_SLOT(call_once)
void call_once(once_flag *flag, void (*routine)(void))
{
	__typeof__(&call_once) real = REAL(call_once);
	struct once_call call;

	once_run(&call, KEY(flag), routine);
	real(flag, once_wrapper());
	once_done(&call);
}
