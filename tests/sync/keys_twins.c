/* SPDX-License-Identifier: MIT */
/*
 * keys_twins.c - what runs at the end of a thread (destructors of keys, cleanup handlers), and signals of C11 conditions alone.
 * See twins.h.
 */
#include "twins.h"

#include <threads.h>

static struct gate b_waits;
static pthread_key_t key, second;
static pthread_mutex_t mutex[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static void touches(void *unused)
{
	touch_a();
	gate_open(&a_done);
}

/* The thread's own work comes before; all of it before the join. */
static void *works_and_sets(void *unused)
{
	touch_b();
	MUST(pthread_setspecific(key, &key));
	return unused;
}

static void *own_work_alone(void *unused)
{
	pthread_t t;

	MUST(pthread_key_create(&key, touches));
	MUST(pthread_create(&t, NULL, works_and_sets, NULL));
	gate_wait(&a_done, 1);
	if (racy)
		look_b();
	MUST(pthread_join(t, NULL));
	if (!racy)
		look_b();
	return unused;
}

/* A destructor drops a lock that the thread held to its end. */
static void unlocks(void *unused)
{
	MUST(pthread_mutex_unlock(&mutex[0]));
	gate_open(&a_done);
}

static void *ends_locked(void *unused)
{
	MUST(pthread_mutex_lock(&mutex[0]));
	MUST(pthread_setspecific(key, &key));
	touch_a();
	return unused;
}

static void *unlock_in_destructor_alone(void *unused)
{
	pthread_t t;

	MUST(pthread_key_create(&key, unlocks));
	MUST(pthread_create(&t, NULL, ends_locked, NULL));
	gate_wait(&a_done, 1);
	MUST(pthread_mutex_lock(&mutex[racy]));
	touch_b();
	MUST(pthread_mutex_unlock(&mutex[racy]));
	MUST(pthread_join(t, NULL));
	return unused;
}

/* Two keys: both destructors before the join, whichever is first. */
static void *sets_both(void *unused)
{
	MUST(pthread_setspecific(key, &key));
	MUST(pthread_setspecific(second, &second));
	return unused;
}

static void only_touches(void *unused)
{
	touch_b();
}

static void *two_keys_alone(void *unused)
{
	pthread_t t;

	MUST(pthread_key_create(&key, only_touches));
	MUST(pthread_key_create(&second, touches));
	MUST(pthread_create(&t, NULL, sets_both, NULL));
	gate_wait(&a_done, 1);
	if (racy)
		look_b();
	MUST(pthread_join(t, NULL));
	if (!racy)
		look_b();
	return unused;
}

static void *sets_one(void *unused)
{
	MUST(pthread_setspecific(key, &key));
	return unused;
}

/* Many threads, one destructor each, and one map: joined one after the other. */
static void *many_alone(void *unused)
{
	pthread_t t[8];

	MUST(pthread_key_create(&key, touches));
	for (int i = 0; i < 8; i++) {
		MUST(pthread_create(&t[i], NULL, sets_one, NULL));
		gate_wait(&a_done, i + 1);
		if (!racy)
			MUST(pthread_join(t[i], NULL));
	}
	for (int i = 0; racy && i < 8; i++)
		MUST(pthread_join(t[i], NULL));
	return unused;
}

/* ---- cleanup handlers ---------------------------------------------------------------------------------------------- */

static void *exits_with_cleanup(void *unused)
{
	pthread_cleanup_push(touches, NULL);
	pthread_exit(unused);
	pthread_cleanup_pop(0);
	return unused;
}

static void *cleanup_at_exit_alone(void *unused)
{
	pthread_t t;

	MUST(pthread_create(&t, NULL, exits_with_cleanup, NULL));
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	MUST(pthread_join(t, NULL));
	if (!racy)
		touch_b();
	return unused;
}

static void *cancelled_locked(void *unused)
{
	MUST(pthread_mutex_lock(&mutex[0]));
	pthread_cleanup_push(unlocks, NULL);
	touch_a();
	gate_open(&b_waits);
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	return unused;
}

static void *cleanup_unlocks_alone(void *unused)
{
	pthread_t t;

	MUST(pthread_create(&t, NULL, cancelled_locked, NULL));
	gate_wait(&b_waits, 1);
	MUST(pthread_cancel(t));
	gate_wait(&a_done, 1);
	MUST(pthread_mutex_lock(&mutex[racy]));
	touch_b();
	MUST(pthread_mutex_unlock(&mutex[racy]));
	MUST(pthread_join(t, NULL));
	return unused;
}

static void *popped_a(void *unused)
{
	MUST(pthread_mutex_lock(&mutex[0]));
	pthread_cleanup_push(unlocks, NULL);
	touch_a();
	pthread_cleanup_pop(1);
	return unused;
}
static void *popped_b(void *unused)
{
	gate_wait(&a_done, 1);
	MUST(pthread_mutex_lock(&mutex[racy]));
	touch_b();
	MUST(pthread_mutex_unlock(&mutex[racy]));
	return unused;
}

/* ---- C11: what comes between the unlock and the signal ---------------------------------------------------------------- */

static mtx_t mtx;
static cnd_t cnd;
static int ready;

static int timed(void)
{
	struct timespec t = far(CLOCK_REALTIME);
	return cnd_timedwait(&cnd, &mtx, &t);
}

#define SIGNAL(name, wait, wake)                                                                                     \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&b_waits, 1);                                                                              \
		MUST(mtx_lock(&mtx));                                                                                \
		ready = 1;                                                                                           \
		MUST(mtx_unlock(&mtx));                                                                              \
		if (!racy)                                                                                           \
			touch_a();                                                                                   \
		MUST(wake);                                                                                          \
		if (racy)                                                                                            \
			touch_a();                                                                                   \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		MUST(mtx_lock(&mtx));                                                                                \
		gate_open(&b_waits);                                                                                 \
		while (!ready)                                                                                       \
			MUST(wait);                                                                                  \
		MUST(mtx_unlock(&mtx));                                                                              \
		gate_wait(&a_done, 1);                                                                               \
		touch_b();                                                                                           \
		return unused;                                                                                       \
	}
SIGNAL(c11_signal, cnd_wait(&cnd, &mtx), cnd_signal(&cnd))
SIGNAL(c11_broadcast, cnd_wait(&cnd, &mtx), cnd_broadcast(&cnd))
SIGNAL(c11_timedwait, timed(), cnd_signal(&cnd))

static const struct scenario list[] = {
	ALONE(own_work), ALONE(unlock_in_destructor), ALONE(two_keys), ALONE(many), ALONE(cleanup_at_exit),
	ALONE(cleanup_unlocks), SIDES(popped), SIDES(c11_signal), SIDES(c11_broadcast), SIDES(c11_timedwait),
};

int main(int argc, char **argv)
{
	MUST(mtx_init(&mtx, mtx_plain));
	MUST(cnd_init(&cnd));
	return twins_main(argc, argv, list, sizeof(list) / sizeof(*list));
}
