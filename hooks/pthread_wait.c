/* SPDX-License-Identifier: MIT */
/*
 * pthread_wait.c - conditions, barriers, semaphores, pthread_once. The rows are pthread_wait.def.
 *
 * Condition waits  give the mutex before and take it after, like unlock and lock; a wake-up is also ordered after the
 *                  signals so far. A wait that is cancelled has taken the mutex again when the cleanup handlers run: the
 *                  handler below, innermost, sees to our half of that.
 * Barriers         everybody releases before and acquires after, into one of two sync objects by turns: a fast thread of the
 *                  next round must not get into this round's clock, and nobody can be two rounds ahead. Who made the
 *                  barrier says how many arrivals are a round; where that was not seen, the barrier is shared with other processes, or more live
 *                  than the table holds, all rounds share one object, which orders too much, never too little.
 * once             the routine runs inside a wrapper that releases when it returns; everybody acquires. A routine that
 *                  throws releases nothing.
 */
#include <semaphore.h>

#define HOOK_POLICY PATCH_TOGETHER
#include "mutex.h"
#include "cxx_future.h"
#include "once.h"
#include "../preload/sys/lock.h"

#define COND_VERSION "GLIBC_2.3.2"
#define PASSED (result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD)

/* ---- barriers ------------------------------------------------------------------------------------------------------ */

enum { BARRIERS = 1024, BARRIER_PROBES = 16 };
static struct barrier {
	uintptr_t at;      /* 0 free, 1 left: written under barriers_lock; arrivals need the program's own order only */
	uint32_t threads;
	uint32_t arrivals; /* atomic */
} barriers[BARRIERS];
static struct lock barriers_lock; /* innermost */

static struct barrier *barrier_find(uintptr_t at)
{
	for (uint32_t i = 0; i < BARRIER_PROBES; i++) {
		struct barrier *b = &barriers[((at >> 4) + i) % BARRIERS];

		if (load_acquire(&b->at) == at) /* partner: barrier_made */
			return b;
		if (!load_relaxed(&b->at))
			return NULL;
	}
	return NULL;
}

static uintptr_t round_object(const void *barrier, uint32_t round)
{
	return KEY(barrier) + 1 + (round & 1);
}

static void barrier_gone(const void *at)
{
	struct barrier *b;

	sync_forget(KEY(at));
	sync_forget(round_object(at, 0));
	sync_forget(round_object(at, 1));
	lock_take(&barriers_lock);
	b = barrier_find(KEY(at));
	if (b)
		store_relaxed(&b->at, 1);
	lock_drop(&barriers_lock);
}

/* Threads of other processes arrive at a shared one, too, and nobody counts those. */
static int is_shared(const pthread_barrierattr_t *a)
{
	int shared = PTHREAD_PROCESS_PRIVATE;

	return a && pthread_barrierattr_getpshared(a, &shared) == 0 && shared != PTHREAD_PROCESS_PRIVATE;
}

static void barrier_made(const void *at, const pthread_barrierattr_t *a, unsigned threads)
{
	barrier_gone(at); /* made again where one was that nobody destroyed */
	lock_take(&barriers_lock);
	for (uint32_t i = 0; threads && !is_shared(a) && i < BARRIER_PROBES; i++) {
		struct barrier *b = &barriers[((KEY(at) >> 4) + i) % BARRIERS];

		if (load_relaxed(&b->at) > 1)
			continue;
		b->threads = threads;
		store_relaxed(&b->arrivals, 0);
		store_release(&b->at, KEY(at)); /* partner: barrier_find */
		break;
	}
	lock_drop(&barriers_lock);
}

/* What this thread, which arrives now, releases into and acquires from. */
static uintptr_t barrier_round(const void *at)
{
	struct barrier *b = barrier_find(KEY(at));

	return b ? round_object(at, add_relaxed(&b->arrivals, 1) / b->threads) : KEY(at);
}

#include "pthread_wait.def"

#undef HOOK_POLICY
#define HOOK_POLICY PATCH_TOGETHER

struct wait_args {
	struct race_thread *t;
	void *cond, *mutex;
};

static void wait_before(const struct wait_args *w)
{
	mutex_give(w->t, w->mutex);
	thread_leave(w->t);
}

static void wait_after(void *args)
{
	const struct wait_args *w = args;

	hook_reenter(w->t);
	mutex_got(w->t, w->mutex);
	sync_acquire(w->t, KEY(w->cond));
	thread_leave(w->t);
}

/* Whatever a wait returns, the mutex is held again as it was before: a refused wait (EINVAL, EPERM) never gave it. */
#define WAIT_HOOK(symbol, version, params, args, c, m)                                                               \
	RACE_EXPORT int symbol params;                                                                               \
	HOOK_SLOT_VERSION(symbol, version)                                                                           \
	int symbol params                                                                                            \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct wait_args w = { thread_enter(), c, m };                                                       \
		int result;                                                                                          \
		if (!w.t)                                                                                            \
			return real args;                                                                            \
		wait_before(&w);                                                                                     \
		pthread_cleanup_push(wait_after, &w);                                                                \
		result = real args;                                                                                  \
		pthread_cleanup_pop(0);                                                                              \
		wait_after(&w);                                                                                      \
		return result;                                                                                       \
	}

WAIT_HOOK(pthread_cond_wait, COND_VERSION, (pthread_cond_t *c, pthread_mutex_t *m), (c, m), c, m)
WAIT_HOOK(pthread_cond_timedwait, COND_VERSION, (pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *at),
	  (c, m, at), c, m)
WAIT_HOOK(pthread_cond_clockwait, NULL,
	  (pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock, const struct timespec *at), (c, m, clock, at), c, m)

#undef HOOK_POLICY
#define HOOK_POLICY PATCH_LIBRARIES /* libc's own ones order nothing that a program could rely on */

/* ---- once --------------------------------------------------------------------------------------------------------- */

static __thread struct once_call *once_current;
__thread uintptr_t once_besides;

/* Runs in place of the program's routine, on the thread that won. The record is the caller's frame below. */
static RUNS_CALLBACKS void once_routine(void)
{
	struct once_call *call = once_current;

	once_current = call->outer; /* the routine may call once on another control */
	call->routine();
	SYNC_ENTER(sync_release_join(t, call->control); future_once_done(t, call->control));
	if (once_besides)
		SYNC_ENTER(sync_release_join(t, once_besides));
}

void once_run(struct once_call *call, uintptr_t control, void (*routine)(void))
{
	call->control = control;
	call->routine = routine;
	call->outer = once_current;
	once_current = call;
}

void once_done(struct once_call *call)
{
	once_current = call->outer; /* the routine did not run here when another thread had done it */
	SYNC_ENTER(sync_acquire(t, call->control));
}

void (*once_wrapper(void))(void)
{
	return once_routine;
}

RACE_EXPORT int pthread_once(pthread_once_t *control, void (*routine)(void));
HOOK_SLOT(pthread_once)
int pthread_once(pthread_once_t *control, void (*routine)(void))
{
	__typeof__(&pthread_once) real = REAL(pthread_once);
	struct once_call call;
	int result;

	once_run(&call, KEY(control), routine);
	result = real(control, once_routine);
	once_done(&call);
	return result;
}
