/* SPDX-License-Identifier: MIT */
/*
 * pthread_thread.c - creation, joining and names of threads, POSIX and C11.
 *
 * Edges     creation: the parent's clock is frozen before the real call and inherited by the child; joining: the child's
 *           last clock, released under its handle when it ends, is acquired after a successful join. A handle is
 *           forgotten once joined, and by a new thread that gets the same one.
 * Ends      preload/thread.c: a key destructor, for return, exit and cancellation alike.
 * The start routine runs under one frame of ours (start_posix, start_c11), which reports leave out.
 */
#include <errno.h>
#include <sys/prctl.h>
#include <threads.h>

#include "../preload/host.h"
#include "sync_rows.h"

static void *start_posix(void *record)
{
	struct thread_start s;

	thread_begin(record, &s);
	return s.run.posix(s.arg);
}

static int start_c11(void *record)
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

RACE_EXPORT int pthread_create(pthread_t *handle, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
HOOK_SLOT(pthread_create)
int pthread_create(pthread_t *handle, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	__typeof__(&pthread_create) real = REAL(pthread_create);
	struct race_thread *t = thread_enter();
	struct thread_start *s = t ? thread_prepare(t, FRAME) : NULL;
	int result;

	if (!s) {
		if (t)
			thread_leave(t);
		return real(handle, attr, run, arg);
	}
	s->run.posix = run;
	s->arg = arg;
	s->stack_bytes = default_stack_bytes();
	if (attr)
		pthread_attr_getstacksize(attr, &s->stack_bytes);
	thread_leave(t);
	result = real(handle, attr, start_posix, s);
	if (result != 0) {
		hook_reenter(t);
		thread_unprepare(s);
		thread_leave(t);
	}
	return result;
}

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
	thread_leave(t);
	result = real(handle, start_c11, s);
	if (result != thrd_success) {
		hook_reenter(t);
		thread_unprepare(s);
		thread_leave(t);
	}
	return result;
}

static void joined(struct race_thread *t, uintptr_t handle)
{
	sync_acquire(t, handle);
	sync_forget(handle);
}

SYNC_HOOK(int, pthread_join, (pthread_t h, void **value), (h, value), NOTHING, ON_ZERO, joined(t, h))
SYNC_HOOK(int, pthread_tryjoin_np, (pthread_t h, void **value), (h, value), NOTHING, ON_ZERO, joined(t, h))
SYNC_HOOK(int, pthread_timedjoin_np, (pthread_t h, void **value, const struct timespec *at), (h, value, at), NOTHING,
	  ON_ZERO, joined(t, h))
SYNC_HOOK(int, pthread_clockjoin_np, (pthread_t h, void **value, clockid_t c, const struct timespec *at),
	  (h, value, c, at), NOTHING, ON_ZERO, joined(t, h))
SYNC_HOOK(int, thrd_join, (thrd_t h, int *value), (h, value), NOTHING, result == thrd_success, joined(t, h))

/* ---- names --------------------------------------------------------------------------------------------------------- */

static void named(pthread_t handle, const char *name)
{
	uint32_t number = thread_number_of_handle(handle);

	if (number != RACE_NO_SLOT)
		thread_name(number, name);
}

SYNC_HOOK(int, pthread_setname_np, (pthread_t h, const char *name), (h, name), NOTHING, ON_ZERO, named(h, name))
