/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * extra_wait_twins.c - the two orders of a condition wait, one at a time: what came before the signal, and what came before the
 * unlock of the mutex that the wait takes again. And one half at a time of other locks that most programs pass together.
 */
#include "twins.h"
#include "unseen.h"

#define GLIB_DISABLE_DEPRECATION_WARNINGS
#include <dlfcn.h>
#include <glib.h>
#include <threads.h>

static struct gate b_waits, a_out;
static int ready, zero;

static pthread_mutex_t mutex[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock[2] = { PTHREAD_RWLOCK_INITIALIZER, PTHREAD_RWLOCK_INITIALIZER };
static pthread_spinlock_t spin;
static GMutex gmutex;
static GCond gcond;
static mtx_t mtx;
static cnd_t cnd;

static void __attribute__((constructor)) make(void)
{
	mtx_init(&mtx, mtx_timed);
	cnd_init(&cnd);
	MUST(pthread_spin_init(&spin, 0));
}

static int is_ready(void)
{
	return __atomic_load_n(&ready, __ATOMIC_ACQUIRE);
}

static void get_ready(void)
{
	__atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
}

static void three(void *(*a)(void *), void *(*b)(void *), void *(*c)(void *))
{
	void *(*const run[])(void *) = { a, b, c };
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		MUST(pthread_create(&t[i], NULL, run[i], NULL));
	for (int i = 0; i < 3; i++)
		MUST(pthread_join(t[i], NULL));
}

/*
 * name_signal: A has given the mutex back when it touches and signals. name_mutex: A touches under the mutex, and somebody else who
 * knows nothing of that signals. In both B is in its wait by then, since A gets the mutex.
 */
#define CONDITION(name, lock, unlock, wait, signal)                                                                  \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		lock;                                                                                                \
		gate_open(&b_waits);                                                                                 \
		while (!is_ready())                                                                                  \
			wait;                                                                                        \
		unlock;                                                                                              \
		gate_wait(&a_done, 1);                                                                               \
		touch_b();                                                                                           \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_signal_a(void *unused)                                                                   \
	{                                                                                                            \
		gate_wait(&b_waits, 1);                                                                              \
		lock;                                                                                                \
		unlock;                                                                                              \
		if (!racy)                                                                                           \
			touch_a();                                                                                   \
		get_ready();                                                                                         \
		signal;                                                                                              \
		if (racy)                                                                                            \
			touch_a();                                                                                   \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_mutex_a(void *unused)                                                                    \
	{                                                                                                            \
		gate_wait(&b_waits, 1);                                                                              \
		lock;                                                                                                \
		if (!racy)                                                                                           \
			touch_a();                                                                                   \
		unlock;                                                                                              \
		if (racy)                                                                                            \
			touch_a();                                                                                   \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_mutex_c(void *unused)                                                                    \
	{                                                                                                            \
		gate_wait(&a_done, 1);                                                                               \
		get_ready();                                                                                         \
		signal;                                                                                              \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_mutex_alone(void *unused)                                                                \
	{                                                                                                            \
		three(name##_mutex_a, name##_b, name##_mutex_c);                                                     \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_signal_b(void *unused)                                                                   \
	{                                                                                                            \
		return name##_b(unused);                                                                             \
	}                                                                                                            \
	/* What the waiter did before it gave the mutex, and who takes that then. */                                 \
	static void *name##_gives_a(void *unused)                                                                    \
	{                                                                                                            \
		lock;                                                                                                \
		touch_a();                                                                                           \
		gate_open(&b_waits);                                                                                 \
		while (!is_ready())                                                                                  \
			wait;                                                                                        \
		unlock;                                                                                              \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_gives_b(void *unused)                                                                    \
	{                                                                                                            \
		gate_wait(&b_waits, 1);                                                                              \
		if (!racy)                                                                                           \
			lock;                                                                                        \
		touch_b();                                                                                           \
		if (racy)                                                                                            \
			lock;                                                                                        \
		get_ready();                                                                                         \
		signal;                                                                                              \
		unlock;                                                                                              \
		return unused;                                                                                       \
	}

#define LOCK MUST(pthread_mutex_lock(&mutex[0]))
#define UNLOCK MUST(pthread_mutex_unlock(&mutex[0]))
#define LATER (&(struct timespec){ far(CLOCK_REALTIME).tv_sec, 0 })
#define SIGNAL pthread_cond_signal(&cond)
CONDITION(wait, LOCK, UNLOCK, pthread_cond_wait(&cond, &mutex[0]), SIGNAL)
CONDITION(timedwait, LOCK, UNLOCK, pthread_cond_timedwait(&cond, &mutex[0], LATER), pthread_cond_broadcast(&cond))
CONDITION(clockwait, LOCK, UNLOCK, pthread_cond_clockwait(&cond, &mutex[0], CLOCK_REALTIME, LATER), SIGNAL)
CONDITION(cnd_wait, mtx_lock(&mtx), mtx_unlock(&mtx), cnd_wait(&cnd, &mtx), cnd_signal(&cnd))
CONDITION(cnd_timedwait, mtx_lock(&mtx), mtx_unlock(&mtx), cnd_timedwait(&cnd, &mtx, LATER), cnd_broadcast(&cnd))
CONDITION(g_wait, g_mutex_lock(&gmutex), g_mutex_unlock(&gmutex), g_cond_wait(&gcond, &gmutex), g_cond_signal(&gcond))
CONDITION(g_wait_until, g_mutex_lock(&gmutex), g_mutex_unlock(&gmutex),
	  g_cond_wait_until(&gcond, &gmutex, g_get_monotonic_time() + 100 * G_TIME_SPAN_SECOND), g_cond_broadcast(&gcond))
static GTimeVal much_later;
CONDITION(g_timed_wait, g_mutex_lock(&gmutex), g_mutex_unlock(&gmutex),
	  (g_get_current_time(&much_later), g_time_val_add(&much_later, 100000000), g_cond_timed_wait(&gcond, &gmutex, &much_later)),
	  g_cond_signal(&gcond))

/* A writer comes after the readers before it. */
#define RDLOCK(l) MUST(pthread_rwlock_rdlock(l))
#define RWUNLOCK(l) MUST(pthread_rwlock_unlock(l))
LOCKED(rw_read_timedwrite, RDLOCK(&rwlock[L]), look_a(), RWUNLOCK(&rwlock[L]),
       MUST(pthread_rwlock_timedwrlock(&rwlock[L], LATER)), touch_b(), RWUNLOCK(&rwlock[L]))
LOCKED(rw_read_clockwrite, RDLOCK(&rwlock[L]), look_a(), RWUNLOCK(&rwlock[L]),
       MUST(pthread_rwlock_clockwrlock(&rwlock[L], CLOCK_REALTIME, LATER)), touch_b(), RWUNLOCK(&rwlock[L]))
LOCKED(rw_read_trywrite, RDLOCK(&rwlock[L]), look_a(), RWUNLOCK(&rwlock[L]), MUST(pthread_rwlock_trywrlock(&rwlock[L])), touch_b(),
       RWUNLOCK(&rwlock[L]))

/* Locks that one thread takes and another gives: the order is that of the giving. */
#define GIVEN(name, lock, unlock)                                                                                    \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&b_waits, 1);                                                                              \
		if (!racy)                                                                                           \
			touch_a();                                                                                   \
		unlock;                                                                                              \
		if (racy)                                                                                            \
			touch_a();                                                                                   \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		lock;                                                                                                \
		gate_open(&b_waits);                                                                                 \
		gate_wait(&a_done, 1);                                                                               \
		lock;                                                                                                \
		touch_b();                                                                                           \
		unlock;                                                                                              \
		return unused;                                                                                       \
	}
GIVEN(mutex_given, LOCK, UNLOCK)
GIVEN(spin_given, MUST(pthread_spin_lock(&spin)), MUST(pthread_spin_unlock(&spin)))
GIVEN(g_mutex_given, g_mutex_lock(&gmutex), g_mutex_unlock(&gmutex))

/* A reader's lock that another thread gives; the next one writes. */
static void *rw_read_given_a(void *unused)
{
	gate_wait(&b_waits, 1);
	if (!racy)
		touch_a();
	RWUNLOCK(&rwlock[0]);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *rw_read_given_b(void *unused)
{
	RDLOCK(&rwlock[0]);
	gate_open(&b_waits);
	gate_wait(&a_done, 1);
	MUST(pthread_rwlock_wrlock(&rwlock[0]));
	touch_b();
	RWUNLOCK(&rwlock[0]);
	return unused;
}

/* Where nothing is patched, whoever calls libc by its address takes a lock out of sight. */
static int hidden(const char *name, void *lock)
{
	static void *libc;
	int (*f)(void *);

	if (!libc)
		libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	f = (int (*)(void *))(uintptr_t)dlsym(libc, name);
	return f(lock);
}
LOCKED(rw_hidden, MUST(hidden("pthread_rwlock_wrlock", &rwlock[L])), touch_a(), RWUNLOCK(&rwlock[L]), RDLOCK(&rwlock[L]), look_b(),
       RWUNLOCK(&rwlock[L]))

/* What was signalled to nobody is known to a waiter who is cancelled afterwards: the same thread does both. */
static pthread_t waiter;
static void cleanup(void *unused)
{
	UNLOCK;
	gate_wait(&a_out, 1);
	touch_b();
}
static void *cancelled_b(void *unused)
{
	waiter = pthread_self();
	gate_wait(&a_done, 1);
	LOCK;
	pthread_cleanup_push(cleanup, NULL);
	gate_open(&b_waits);
	while (!zero)
		pthread_cond_wait(&cond, &mutex[0]);
	pthread_cleanup_pop(0);
	return unused;
}
static void *cancelled_a(void *unused)
{
	if (!racy)
		touch_a();
	SIGNAL;
	gate_open(&a_done);
	gate_wait(&b_waits, 1);
	MUST(pthread_cancel(waiter));
	if (racy)
		touch_a();
	gate_open(&a_out);
	return unused;
}

#define BOTH(name) SIDES(name##_signal), ALONE(name##_mutex), SIDES(name##_gives)
static const struct scenario list[] = {

	BOTH(wait), BOTH(timedwait), BOTH(clockwait), BOTH(cnd_wait), BOTH(cnd_timedwait), BOTH(g_wait), BOTH(g_wait_until), BOTH(g_timed_wait),
	SIDES(rw_read_timedwrite), SIDES(rw_read_clockwrite), SIDES(rw_read_trywrite), SIDES(mutex_given),
	SIDES(spin_given),
	SIDES(g_mutex_given), SIDES(rw_read_given), SIDES(rw_hidden), SIDES(cancelled),
};

int main(int argc, char **argv)
{
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
