/* SPDX-License-Identifier: MIT */
/* pthread_twins.c - each primitive of pthread and semaphores, used rightly and (racy) wrongly. See twins.h. */
#include "twins.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <semaphore.h>

/* ---- locks ------------------------------------------------------------------------------------------------------- */

static pthread_mutex_t mutex[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };
static pthread_rwlock_t rwlock[2] = { PTHREAD_RWLOCK_INITIALIZER, PTHREAD_RWLOCK_INITIALIZER };
static pthread_spinlock_t spin[2];

static int mutex_timed(int i)
{
	struct timespec t = far(CLOCK_REALTIME);
	return pthread_mutex_timedlock(&mutex[i], &t);
}

static int mutex_clock(int i)
{
	struct timespec t = far(CLOCK_MONOTONIC);
	return pthread_mutex_clocklock(&mutex[i], CLOCK_MONOTONIC, &t);
}

static int rwlock_timedrd(int i)
{
	struct timespec t = far(CLOCK_REALTIME);
	return pthread_rwlock_timedrdlock(&rwlock[i], &t);
}

static int rwlock_timedwr(int i)
{
	struct timespec t = far(CLOCK_REALTIME);
	return pthread_rwlock_timedwrlock(&rwlock[i], &t);
}

static int rwlock_clockrd(int i)
{
	struct timespec t = far(CLOCK_MONOTONIC);
	return pthread_rwlock_clockrdlock(&rwlock[i], CLOCK_MONOTONIC, &t);
}

static int rwlock_clockwr(int i)
{
	struct timespec t = far(CLOCK_MONOTONIC);
	return pthread_rwlock_clockwrlock(&rwlock[i], CLOCK_MONOTONIC, &t);
}

#define MUTEX_TWINS(name, lock)                                                                                      \
	LOCKED(name, MUST(lock), touch_a(), MUST(pthread_mutex_unlock(&mutex[L])), MUST(lock), touch_b(),            \
	       MUST(pthread_mutex_unlock(&mutex[L])))
MUTEX_TWINS(mutex_lock, pthread_mutex_lock(&mutex[L]))
MUTEX_TWINS(mutex_trylock, pthread_mutex_trylock(&mutex[L]))
MUTEX_TWINS(mutex_timedlock, mutex_timed(L))
MUTEX_TWINS(mutex_clocklock, mutex_clock(L))

/* Side B holds no lock at all, and side A's trylock failed: nothing was acquired by it. */
static void *mutex_trylock_failed_a(void *unused)
{
	MUST(pthread_mutex_lock(&mutex[0]));
	touch_a();
	if (!racy)
		MUST(pthread_mutex_unlock(&mutex[0]));
	gate_open(&a_done);
	gate_wait(&a_done, 2);
	if (racy)
		MUST(pthread_mutex_unlock(&mutex[0]));
	return unused;
}
static void *mutex_trylock_failed_b(void *unused)
{
	gate_wait(&a_done, 1);
	int taken = pthread_mutex_trylock(&mutex[0]) == 0;
	touch_b();
	if (taken)
		MUST(pthread_mutex_unlock(&mutex[0]));
	gate_open(&a_done);
	return unused;
}

#define RWLOCK_TWINS(name, lock_a, access_a, lock_b, access_b)                                                       \
	LOCKED(name, MUST(lock_a), access_a, MUST(pthread_rwlock_unlock(&rwlock[L])), MUST(lock_b), access_b,        \
	       MUST(pthread_rwlock_unlock(&rwlock[L])))
RWLOCK_TWINS(rwlock_wrlock, pthread_rwlock_wrlock(&rwlock[L]), touch_a(), pthread_rwlock_wrlock(&rwlock[L]), touch_b())
RWLOCK_TWINS(rwlock_trywrlock, pthread_rwlock_trywrlock(&rwlock[L]), touch_a(),
	pthread_rwlock_trywrlock(&rwlock[L]), touch_b())
RWLOCK_TWINS(rwlock_timedwrlock, rwlock_timedwr(L), touch_a(), rwlock_timedwr(L), touch_b())
RWLOCK_TWINS(rwlock_clockwrlock, rwlock_clockwr(L), touch_a(), rwlock_clockwr(L), touch_b())
/* written, then read */
RWLOCK_TWINS(rwlock_rdlock, pthread_rwlock_wrlock(&rwlock[L]), touch_a(), pthread_rwlock_rdlock(&rwlock[L]), look_b())
RWLOCK_TWINS(rwlock_tryrdlock, pthread_rwlock_wrlock(&rwlock[L]), touch_a(),
	pthread_rwlock_tryrdlock(&rwlock[L]), look_b())
RWLOCK_TWINS(rwlock_timedrdlock, rwlock_timedwr(L), touch_a(), rwlock_timedrd(L), look_b())
RWLOCK_TWINS(rwlock_clockrdlock, rwlock_clockwr(L), touch_a(), rwlock_clockrd(L), look_b())
/* read, then written: a reader's unlock must order the writer that follows */
RWLOCK_TWINS(rwlock_read_then_write, pthread_rwlock_rdlock(&rwlock[L]), look_a(),
	pthread_rwlock_wrlock(&rwlock[L]), touch_b())
/* a write under the read lock is no protection; two reads need none */
RWLOCK_TWINS(rwlock_write_under_read_lock, pthread_rwlock_rdlock(&rwlock[0]), (void)(racy ? touch_a() : look_a()),
	     pthread_rwlock_rdlock(&rwlock[0]), (void)(racy ? touch_b() : look_b()))

LOCKED(spin_lock, MUST(pthread_spin_lock(&spin[L])), touch_a(), MUST(pthread_spin_unlock(&spin[L])),
       MUST(pthread_spin_lock(&spin[L])), touch_b(), MUST(pthread_spin_unlock(&spin[L])))
LOCKED(spin_trylock, MUST(pthread_spin_trylock(&spin[L])), touch_a(), MUST(pthread_spin_unlock(&spin[L])),
       MUST(pthread_spin_trylock(&spin[L])), touch_b(), MUST(pthread_spin_unlock(&spin[L])))

static pthread_mutex_t recursive_mutex[2];

/* The access comes after the inner unlock: still held. In the racy twin it comes after the outer one. */
static void *recursive_a(void *unused)
{
	MUST(pthread_mutex_lock(&recursive_mutex[0]));
	MUST(pthread_mutex_lock(&recursive_mutex[0]));
	MUST(pthread_mutex_unlock(&recursive_mutex[0]));
	if (racy)
		MUST(pthread_mutex_unlock(&recursive_mutex[0]));
	touch_a();
	if (!racy)
		MUST(pthread_mutex_unlock(&recursive_mutex[0]));
	gate_open(&a_done);
	return unused;
}
static void *recursive_b(void *unused)
{
	gate_wait(&a_done, 1);
	MUST(pthread_mutex_lock(&recursive_mutex[0]));
	touch_b();
	MUST(pthread_mutex_unlock(&recursive_mutex[0]));
	return unused;
}

static pthread_mutex_t robust_mutex[2];

/* The owner dies with the lock: its end is the release. */
static void *robust_owner_dead_a(void *unused)
{
	MUST(pthread_mutex_lock(&robust_mutex[0]));
	touch_a();
	gate_open(&a_done);
	return unused;
}
static void *robust_owner_dead_b(void *unused)
{
	gate_wait(&a_done, 1);
	int result = pthread_mutex_lock(&robust_mutex[racy]);
	if (!racy) {
		if (result != EOWNERDEAD)
			abort();
		MUST(pthread_mutex_consistent(&robust_mutex[0]));
	}
	touch_b();
	MUST(pthread_mutex_unlock(&robust_mutex[racy]));
	return unused;
}

/* ---- conditions -------------------------------------------------------------------------------------------------- */

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_cond_t cond_monotonic;
static int ready;
static struct gate b_waits;

static int cond_timed(void)
{
	struct timespec t = far(CLOCK_REALTIME);
	return pthread_cond_timedwait(&cond, &mutex[0], &t);
}

static int cond_timed_monotonic(void)
{
	struct timespec t = far(CLOCK_MONOTONIC);
	return pthread_cond_timedwait(&cond_monotonic, &mutex[0], &t);
}

static int cond_clock(void)
{
	struct timespec t = far(CLOCK_MONOTONIC);
	return pthread_cond_clockwait(&cond, &mutex[0], CLOCK_MONOTONIC, &t);
}

/*
 * Side B writes under the lock and waits; the wait releases the lock, else A's write is unordered; and takes it again,
 * else B's second write is. In the racy twin A writes after it dropped the lock.
 */
#define COND_TWINS(name, wait, wake)                                                                                 \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&b_waits, 1);                                                                              \
		MUST(pthread_mutex_lock(&mutex[0]));                                                                 \
		if (!racy)                                                                                           \
			touch_a();                                                                                   \
		ready = 1;                                                                                           \
		MUST(wake);                                                                                          \
		MUST(pthread_mutex_unlock(&mutex[0]));                                                               \
		if (racy)                                                                                            \
			touch_a();                                                                                   \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		MUST(pthread_mutex_lock(&mutex[0]));                                                                 \
		touch_b();                                                                                           \
		gate_open(&b_waits);                                                                                 \
		while (!ready)                                                                                       \
			MUST(wait);                                                                                  \
		MUST(pthread_mutex_unlock(&mutex[0]));                                                               \
		gate_wait(&a_done, 1);                                                                               \
		look_b();                                                                                            \
		return unused;                                                                                       \
	}
COND_TWINS(cond_wait_signal, pthread_cond_wait(&cond, &mutex[0]), pthread_cond_signal(&cond))
COND_TWINS(cond_wait_broadcast, pthread_cond_wait(&cond, &mutex[0]), pthread_cond_broadcast(&cond))
COND_TWINS(cond_timedwait, cond_timed(), pthread_cond_signal(&cond))
COND_TWINS(cond_timedwait_monotonic, cond_timed_monotonic(), pthread_cond_signal(&cond_monotonic))
COND_TWINS(cond_clockwait, cond_clock(), pthread_cond_broadcast(&cond))

/* A wait that timed out took the lock again all the same. */
static void *cond_timed_out_a(void *unused)
{
	MUST(pthread_mutex_lock(&mutex[0]));
	touch_a();
	gate_open(&a_done);
	MUST(pthread_mutex_unlock(&mutex[0]));
	return unused;
}
static void *cond_timed_out_b(void *unused)
{
	struct timespec past = { 1, 0 };

	MUST(pthread_mutex_lock(&mutex[racy]));
	/* In the clean twin nothing but the lock orders; who comes first does not matter. */
	if (pthread_cond_timedwait(&cond, &mutex[racy], &past) != ETIMEDOUT)
		abort();
	if (racy)
		gate_wait(&a_done, 1);
	touch_b();
	MUST(pthread_mutex_unlock(&mutex[racy]));
	return unused;
}

/* ---- barrier, once, semaphores ----------------------------------------------------------------------------------- */

static pthread_barrier_t barrier;

static void *barrier_wait_a(void *unused)
{
	if (!racy)
		touch_a();
	pthread_barrier_wait(&barrier);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *barrier_wait_b(void *unused)
{
	pthread_barrier_wait(&barrier);
	gate_wait(&a_done, 1);
	touch_b();
	return unused;
}

static pthread_once_t once_control[2] = { PTHREAD_ONCE_INIT, PTHREAD_ONCE_INIT };

static void once_nothing(void)
{
}

static void once_touch(void)
{
	touch_a();
}

static void *once_a(void *unused)
{
	MUST(pthread_once(&once_control[0], once_touch));
	gate_open(&a_done);
	return unused;
}
static void *once_b(void *unused)
{
	gate_wait(&a_done, 1);
	MUST(pthread_once(&once_control[racy], once_nothing));
	touch_b();
	return unused;
}

static sem_t sem, *named_sem;

static int sem_timed(void)
{
	struct timespec t = far(CLOCK_REALTIME);
	return sem_timedwait(&sem, &t);
}

static int sem_clock(void)
{
	struct timespec t = far(CLOCK_MONOTONIC);
	return sem_clockwait(&sem, CLOCK_MONOTONIC, &t);
}

HANDOVER(sem_wait, MUST(sem_post(&sem)), MUST(sem_wait(&sem)))
HANDOVER(sem_trywait, MUST(sem_post(&sem)), MUST(sem_trywait(&sem)))
HANDOVER(sem_timedwait, MUST(sem_post(&sem)), MUST(sem_timed()))
HANDOVER(sem_clockwait, MUST(sem_post(&sem)), MUST(sem_clock()))
HANDOVER(sem_named, MUST(sem_post(named_sem)), MUST(sem_wait(named_sem)))

/* B is (as good as always) asleep in the wait when A posts. */
static void *sem_wait_asleep_a(void *unused)
{
	gate_wait(&b_waits, 1);
	if (!racy)
		touch_a();
	MUST(sem_post(&sem));
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *sem_wait_asleep_b(void *unused)
{
	gate_open(&b_waits);
	MUST(sem_wait(&sem));
	gate_wait(&a_done, 1);
	touch_b();
	return unused;
}

/* Two posts: both givers are ordered before the taker of the second. */
static void *sem_two_posts_a(void *unused)
{
	if (!racy)
		touch_a();
	MUST(sem_post(&sem));
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *sem_two_posts_b(void *unused)
{
	gate_wait(&a_done, 1);
	MUST(sem_post(&sem));
	MUST(sem_wait(&sem));
	MUST(sem_wait(&sem));
	touch_b();
	return unused;
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

static void *touch_and_open(void *how)
{
	touch_a();
	gate_open(&a_done);
	if (how)
		pthread_exit(how);
	return how;
}

/* `main` writes after the join; in the racy twin before it. */
#define JOIN_TWINS(name, join)                                                                                       \
	static void *name##_alone(void *how)                                                                         \
	{                                                                                                            \
		pthread_t t;                                                                                         \
		MUST(pthread_create(&t, NULL, touch_and_open, how));                                                 \
		gate_wait(&a_done, 1);                                                                               \
		if (racy)                                                                                            \
			touch_b();                                                                                   \
		join;                                                                                                \
		if (!racy)                                                                                           \
			touch_b();                                                                                   \
		return NULL;                                                                                         \
	}
JOIN_TWINS(join, MUST(pthread_join(t, NULL)))
JOIN_TWINS(tryjoin, while (pthread_tryjoin_np(t, NULL)) sched_yield())
JOIN_TWINS(timedjoin, { struct timespec end = far(CLOCK_REALTIME); MUST(pthread_timedjoin_np(t, NULL, &end)); })
JOIN_TWINS(clockjoin, { struct timespec end = far(CLOCK_MONOTONIC); MUST(pthread_clockjoin_np(t, NULL,
	CLOCK_MONOTONIC, &end)); })

static void *thread_exit_alone(void *unused)
{
	return join_alone((void *)1);
}

/* Created after main's write: ordered. In the racy twin main writes after creating. */
static struct gate main_done;
static void *created(void *unused)
{
	gate_wait(&main_done, 1);
	touch_a();
	return unused;
}
static void *idle_until_end(void *unused)
{
	gate_wait(&a_done, 1);
	return unused;
}
static void *create_orders_alone(void *unused)
{
	pthread_t t, idle;

	MUST(pthread_create(&idle, NULL, idle_until_end, NULL));
	if (!racy)
		touch_b();
	MUST(pthread_create(&t, NULL, created, NULL));
	if (racy)
		touch_b();
	gate_open(&main_done);
	MUST(pthread_join(t, NULL));
	gate_open(&a_done);
	MUST(pthread_join(idle, NULL));
	return unused;
}

static void *locked_and_open(void *lock)
{
	MUST(pthread_detach(pthread_self()));
	MUST(pthread_mutex_lock(lock));
	touch_a();
	MUST(pthread_mutex_unlock(lock));
	gate_open(&a_done);
	return NULL;
}
static void *detach_alone(void *unused)
{
	pthread_t t;

	MUST(pthread_create(&t, NULL, locked_and_open, &mutex[0]));
	gate_wait(&a_done, 1);
	MUST(pthread_mutex_lock(&mutex[racy]));
	touch_b();
	MUST(pthread_mutex_unlock(&mutex[racy]));
	return unused;
}

static void *plain_and_open(void *unused)
{
	touch_a();
	gate_open(&a_done);
	return unused;
}
static void *create_detached_alone(void *unused)
{
	pthread_attr_t attr;
	pthread_t t;

	if (!racy)
		touch_b(); /* before the thread exists */
	MUST(pthread_attr_init(&attr));
	MUST(pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED));
	MUST(pthread_create(&t, &attr, plain_and_open, NULL));
	MUST(pthread_attr_destroy(&attr));
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	return unused;
}

/* ---- cancellation ------------------------------------------------------------------------------------------------ */

static void unlock_after_touch(void *lock)
{
	touch_a(); /* the cancelled wait has taken the lock again */
	MUST(pthread_mutex_unlock(lock));
	gate_open(&a_done);
}
static void *waits_for_ever(void *lock)
{
	MUST(pthread_mutex_lock(lock));
	gate_open(&b_waits);
	pthread_cleanup_push(unlock_after_touch, lock);
	for (;;)
		pthread_cond_wait(&cond, lock);
	pthread_cleanup_pop(0);
	return NULL;
}
/* main writes under the same lock, before and after the cancelled thread held it */
static void *cancel_in_cond_wait_alone(void *unused)
{
	pthread_t t;

	MUST(pthread_create(&t, NULL, waits_for_ever, &mutex[0]));
	gate_wait(&b_waits, 1);
	MUST(pthread_mutex_lock(&mutex[0]));
	touch_b();
	MUST(pthread_mutex_unlock(&mutex[0]));
	MUST(pthread_cancel(t));
	gate_wait(&a_done, 1);
	MUST(pthread_mutex_lock(&mutex[racy]));
	look_b();
	MUST(pthread_mutex_unlock(&mutex[racy]));
	MUST(pthread_join(t, NULL));
	return unused;
}

static void open_gate(void *gate)
{
	gate_open(gate);
}
static void *touches_until_cancelled(void *unused)
{
	touch_a();
	pthread_cleanup_push(open_gate, &a_done);
	gate_open(&b_waits);
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	return unused;
}
static void *cancel_deferred_alone(void *unused)
{
	pthread_t t;

	MUST(pthread_create(&t, NULL, touches_until_cancelled, NULL));
	gate_wait(&b_waits, 1);
	MUST(pthread_cancel(t));
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	MUST(pthread_join(t, NULL));
	if (!racy)
		touch_b();
	return unused;
}

static void sem_wait_cleanup(void *unused)
{
	touch_a();
	gate_open(&a_done);
}
static void *waits_on_sem(void *unused)
{
	pthread_cleanup_push(sem_wait_cleanup, NULL);
	gate_open(&b_waits);
	sem_wait(&sem);
	pthread_cleanup_pop(0);
	return unused;
}
/* A semaphore wait that was cancelled acquired nothing. */
static void *cancel_in_sem_wait_alone(void *unused)
{
	pthread_t t;

	MUST(pthread_create(&t, NULL, waits_on_sem, NULL));
	gate_wait(&b_waits, 1);
	MUST(pthread_cancel(t));
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	MUST(pthread_join(t, NULL));
	if (!racy)
		touch_b();
	return unused;
}

static void *asynchronous(void *unused)
{
	touch_a();
	MUST(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL));
	gate_open(&a_done);
	for (;;)
		__asm__ volatile("" ::: "memory");
	return unused;
}
static void *cancel_asynchronous_alone(void *unused)
{
	pthread_t t;

	MUST(pthread_create(&t, NULL, asynchronous, NULL));
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	MUST(pthread_cancel(t));
	MUST(pthread_join(t, NULL));
	if (!racy)
		touch_b();
	return unused;
}

/* ---- thread-specific data ---------------------------------------------------------------------------------------- */

static pthread_key_t key;

static void key_destructor(void *unused)
{
	touch_a();
	gate_open(&a_done);
}
static void *sets_key(void *unused)
{
	MUST(pthread_setspecific(key, &key));
	return unused;
}
static void *key_destructor_alone(void *unused)
{
	pthread_t t;

	MUST(pthread_key_create(&key, key_destructor));
	MUST(pthread_create(&t, NULL, sets_key, NULL));
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	MUST(pthread_join(t, NULL));
	if (!racy)
		touch_b();
	return unused;
}

/*
 * A destructor that sets its key again runs in the next round. The very last round is too late: librace's own destructor,
 * which may come first, has ended the thread by then.
 */
static int rounds;
static void key_destructor_again(void *value)
{
	if (++rounds < PTHREAD_DESTRUCTOR_ITERATIONS - 1) {
		MUST(pthread_setspecific(key, value));
		return;
	}
	touch_a();
	gate_open(&a_done);
}
static void *key_destructor_later_round_alone(void *unused)
{
	pthread_t t;

	MUST(pthread_key_create(&key, key_destructor_again));
	MUST(pthread_create(&t, NULL, sets_key, NULL));
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	MUST(pthread_join(t, NULL));
	if (!racy)
		touch_b();
	return unused;
}

/* ---- a lock that dies and is born again at the same address ------------------------------------------------------ */

static void *reinitialised_a(void *unused)
{
	MUST(pthread_mutex_lock(&recursive_mutex[1]));
	touch_a();
	MUST(pthread_mutex_unlock(&recursive_mutex[1]));
	if (racy) {
		MUST(pthread_mutex_destroy(&recursive_mutex[1]));
		MUST(pthread_mutex_init(&recursive_mutex[1], NULL));
	}
	gate_open(&a_done);
	return unused;
}
static void *reinitialised_b(void *unused)
{
	gate_wait(&a_done, 1);
	MUST(pthread_mutex_lock(&recursive_mutex[1]));
	touch_b();
	MUST(pthread_mutex_unlock(&recursive_mutex[1]));
	return unused;
}

/* ---- readers ----------------------------------------------------------------------------------------------------- */

/* Many readers at once are fine; one of them writing is not. */
static void *only_reads_a(void *unused)
{
	look_a();
	gate_open(&a_done);
	return unused;
}
static void *only_reads_b(void *unused)
{
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	else
		look_b();
	return unused;
}

static const struct scenario list[] = {
	SIDES(mutex_lock), SIDES(mutex_trylock), SIDES(mutex_timedlock), SIDES(mutex_clocklock),
		SIDES(mutex_trylock_failed),
	SIDES(rwlock_wrlock), SIDES(rwlock_trywrlock), SIDES(rwlock_timedwrlock), SIDES(rwlock_clockwrlock),
	SIDES(rwlock_rdlock), SIDES(rwlock_tryrdlock), SIDES(rwlock_timedrdlock), SIDES(rwlock_clockrdlock),
	SIDES(rwlock_read_then_write), SIDES(rwlock_write_under_read_lock), SIDES(spin_lock), SIDES(spin_trylock),
	SIDES(recursive), SIDES(robust_owner_dead), SIDES(cond_wait_signal), SIDES(cond_wait_broadcast),
	SIDES(cond_timedwait), SIDES(cond_timedwait_monotonic), SIDES(cond_clockwait), SIDES(cond_timed_out),
	SIDES(barrier_wait), SIDES(once), SIDES(sem_wait), SIDES(sem_trywait), SIDES(sem_timedwait),
		SIDES(sem_clockwait),
	SIDES(sem_named), SIDES(sem_wait_asleep), SIDES(sem_two_posts), ALONE(join), ALONE(tryjoin), ALONE(timedjoin),
	ALONE(clockjoin), ALONE(thread_exit), ALONE(create_orders), ALONE(detach), ALONE(create_detached),
	ALONE(cancel_in_cond_wait), ALONE(cancel_deferred), ALONE(cancel_in_sem_wait), ALONE(cancel_asynchronous),
	ALONE(key_destructor), ALONE(key_destructor_later_round), SIDES(reinitialised), SIDES(only_reads),
};

int main(int argc, char **argv)
{
	pthread_mutexattr_t recursive, robust;
	pthread_condattr_t monotonic;
	char name[64];

	for (int i = 0; i < 2; i++) {
		MUST(pthread_spin_init(&spin[i], PTHREAD_PROCESS_PRIVATE));
		MUST(pthread_mutexattr_init(&recursive));
		MUST(pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE));
		MUST(pthread_mutex_init(&recursive_mutex[i], &recursive));
		MUST(pthread_mutexattr_init(&robust));
		MUST(pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST));
		MUST(pthread_mutex_init(&robust_mutex[i], &robust));
	}
	MUST(pthread_condattr_init(&monotonic));
	MUST(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC));
	MUST(pthread_cond_init(&cond_monotonic, &monotonic));
	MUST(pthread_barrier_init(&barrier, NULL, 2));
	MUST(sem_init(&sem, 0, 0));
	snprintf(name, sizeof name, "/twins-%d", getpid());
	named_sem = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
	if (named_sem == SEM_FAILED)
		return 3;
	sem_unlink(name);
	return twins_main(argc, argv, list, sizeof list / sizeof *list);
}
