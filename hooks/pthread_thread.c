/* SPDX-License-Identifier: MIT */
/*
 * pthread_thread.c - creation, joining and names of threads, POSIX and C11.
 *
 * Edges     creation: the parent's clock is frozen before the real call and inherited by the child; joining: the child's
 *           last clock, released into an object of its own when it ends, is acquired after a successful join. Handles
 *           are reused by glibc, numbers are not: the handle is turned into a number before the real join.
 * Ends      preload/thread.c: a key destructor, for return, exit and cancellation alike.
 * Inside   libc itself calls pthread_create, where that is patched: for thrd_create, whose own hook has done the work by
 *           then, and for its helpers and callbacks (libc_threads.c).
 * The start routine runs under one frame of ours (start_posix, start_c11), which reports leave out.
 */
#include <errno.h>
#include <sys/prctl.h>
#include <threads.h>

#include "../preload/host.h"
#include "../preload/module.h"
#include "libc_threads.h"

static RUNS_CALLBACKS void *start_posix(void *record)
{
	struct thread_start s;

	thread_begin(record, &s);
	return s.run.posix(s.arg);
}

static RUNS_CALLBACKS int start_c11(void *record)
{
	struct thread_start s;

	thread_begin(record, &s);
	return s.run.c11(s.arg);
}

static size_t default_stack_bytes(void)
{
	static size_t bytes;
	pthread_attr_t a;

	if (!load_relaxed(&bytes)) {
		size_t n = 8 << 20;

		if (pthread_getattr_default_np(&a) == 0) {
			pthread_attr_getstacksize(&a, &n);
			pthread_attr_destroy(&a);
		}
		store_relaxed(&bytes, n);
	}
	return load_relaxed(&bytes);
}

/* How thrd_create tells pthread_create that the start routine is one of C11 (nptl/internaltypes.h). */
#define ATTR_C11_THREAD ((const pthread_attr_t *)(uintptr_t)-1)

#undef HOOK_POLICY
#define HOOK_POLICY PATCH_ANYWHERE
RACE_EXPORT int pthread_create(pthread_t *handle, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
HOOK_SLOT(pthread_create)
int pthread_create(pthread_t *handle, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	__typeof__(&pthread_create) real = REAL(pthread_create);
	struct race_thread *t = attr == ATTR_C11_THREAD ? NULL : thread_enter();
	struct thread_start *s;
	int result;

	if (t && module_is_libc((uintptr_t)CALLER))
		sync_acquire(t, LIBC_THREAD_REQUESTS);
	s = t ? thread_prepare(t, FRAME) : NULL;
	if (!s) {
		if (t)
			thread_leave(t);
		return real(handle, attr, run, arg);
	}
	s->run.posix = run;
	s->arg = arg;
	s->stack_bytes = default_stack_bytes();
	s->detached = 0;
	if (attr) {
		int state;

		pthread_attr_getstacksize(attr, &s->stack_bytes);
		s->detached = pthread_attr_getdetachstate(attr, &state) == 0 && state == PTHREAD_CREATE_DETACHED;
	}
	thread_leave(t);
	result = real(handle, attr, start_posix, s);
	hook_reenter(t);
	if (result == 0)
		thread_created(s, *handle);
	else
		thread_unprepare(s);
	thread_leave(t);
	return result;
}

#undef HOOK_POLICY
#define HOOK_POLICY PATCH_LIBRARIES
RACE_EXPORT int thrd_create(thrd_t *handle, thrd_start_t run, void *arg);
HOOK_SLOT(thrd_create)
int thrd_create(thrd_t *handle, thrd_start_t run, void *arg)
{
	__typeof__(&thrd_create) real = REAL(thrd_create);
	struct race_thread *t = thread_enter();
	struct thread_start *s = t ? thread_prepare(t, FRAME) : NULL;
	int result;

	if (!s) {
		if (t)
			thread_leave(t);
		return real(handle, run, arg);
	}
	s->run.c11 = run;
	s->arg = arg;
	s->stack_bytes = default_stack_bytes();
	s->detached = 0;
	thread_leave(t);
	result = real(handle, start_c11, s);
	hook_reenter(t);
	if (result == thrd_success)
		thread_created(s, *handle);
	else
		thread_unprepare(s);
	thread_leave(t);
	return result;
}

/* `end` was asked for before the real join: afterwards the handle may be another thread's already. */
static void joined(struct race_thread *t, uintptr_t end)
{
	if (!end) {
		sync_acquire_everything(t); /* a thread that we know nothing of: too much rather than too little */
		return;
	}
	sync_acquire(t, end);
	thread_joined(end);
}

#define ASK uintptr_t end = thread_end_of_handle(h)

SYNC_HOOK(int, pthread_join, (pthread_t h, void **value), (h, value), ASK, ON_ZERO, joined(t, end))
SYNC_HOOK(int, pthread_tryjoin_np, (pthread_t h, void **value), (h, value), ASK, ON_ZERO, joined(t, end))
SYNC_HOOK(int, pthread_timedjoin_np, (pthread_t h, void **value, const struct timespec *at), (h, value, at), ASK,
	  ON_ZERO, joined(t, end))
SYNC_HOOK(int, pthread_clockjoin_np, (pthread_t h, void **value, clockid_t c, const struct timespec *at),
	  (h, value, c, at), ASK, ON_ZERO, joined(t, end))
SYNC_HOOK(int, thrd_join, (thrd_t h, int *value), (h, value), ASK, result == thrd_success, joined(t, end))

/* After the real call the handle may be gone: so the mark comes before, and a detach that fails changes no edge, since who
 * may not detach a thread may not join it either. */
SYNC_HOOK(int, pthread_detach, (pthread_t h), (h), thread_detached(h), NEVER, NOTHING)
SYNC_HOOK(int, thrd_detach, (thrd_t h), (h), thread_detached(h), NEVER, NOTHING)

/* ---- names --------------------------------------------------------------------------------------------------------- */

static void named(pthread_t handle, const char *name)
{
	uint32_t number = thread_number_of_handle(handle);

	if (number != RACE_NO_SLOT)
		thread_name(number, name);
}

SYNC_HOOK(int, pthread_setname_np, (pthread_t h, const char *name), (h, name), NOTHING, ON_ZERO, named(h, name))
