/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core -fPIC */
/* extra_qt_twins.cc - QBasicMutex where a thread waits, and QReadWriteLock in ways of its own; Qt's futexes are out of sight. */
#include <QDeadlineTimer>
#include <QMutex>
#include <QReadWriteLock>
#include <QWaitCondition>

#include "after.h"
#include "unseen.h"

static QBasicMutex basic;
static QMutex mutex;
static QReadWriteLock &rwlock = *new QReadWriteLock; /* some twins end while it is locked */
static QWaitCondition condition;
static pid_t a_tid, b_tid;
static int ready;

static void must(bool yes)
{
	if (!yes)
		abort();
}

/* Side A holds the lock that side B waits for. */
static void *basic_a(void *unused)
{
	basic.lock();
	gate_open(&b_waits);
	gate_wait(&b_waits, 2);
	asleep_on(b_tid, &basic, sizeof(basic));
	if (!racy)
		touch_a();
	basic.unlock();
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *basic_b(void *unused)
{
	b_tid = (pid_t)syscall(SYS_gettid);
	gate_wait(&b_waits, 1);
	gate_open(&b_waits);
	basic.lock();
	gate_wait(&a_done, 1);
	touch_b();
	basic.unlock();
	return unused;
}

#define READ rwlock.lockForRead()
#define WRITE rwlock.lockForWrite()
#define UNLOCK rwlock.unlock()
AFTER(write_try_write, WRITE, UNLOCK, must(rwlock.tryLockForWrite()))
AFTER(write_try_write_ms, WRITE, UNLOCK, must(rwlock.tryLockForWrite(100000)))
GIVEN(read_given, READ, UNLOCK, READ)

/* A waiter that held the lock for writing comes after the readers meanwhile; somebody wakes it who knows nothing of them. */
static void three(void *(*a)(void *), void *(*b)(void *), void *(*c)(void *))
{
	void *(*const run[])(void *) = { a, b, c };
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		MUST(pthread_create(&t[i], NULL, run[i], NULL));
	for (int i = 0; i < 3; i++)
		MUST(pthread_join(t[i], NULL));
}
static void *reader_a(void *unused)
{
	gate_wait(&b_waits, 1);
	READ;
	if (!racy)
		touch_a();
	UNLOCK;
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *waker_c(void *unused)
{
	gate_wait(&a_done, 1);
	__atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
	condition.wakeAll();
	return unused;
}
#define WAITS_TO_WRITE(name, time)                                                                                   \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		WRITE;                                                                                               \
		gate_open(&b_waits);                                                                                 \
		while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))                                                   \
			condition.wait(&rwlock, time);                                                               \
		touch_b();                                                                                           \
		UNLOCK;                                                                                              \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_alone(void *unused)                                                                      \
	{                                                                                                            \
		three(reader_a, name##_b, waker_c);                                                                  \
		return unused;                                                                                       \
	}
WAITS_TO_WRITE(wait_write_ms, 100000ul)
WAITS_TO_WRITE(wait_write, QDeadlineTimer(100000))

/* What a waiter did before it gave the lock, and who takes that meanwhile. */
#define GIVES(name, lock, time, take, unlock, l)                                                                                   \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		a_tid = (pid_t)syscall(SYS_gettid);                                                                  \
		lock;                                                                                                \
		touch_a();                                                                                           \
		gate_open(&b_waits);                                                                                 \
		while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))                                                   \
			condition.wait(&l, time);                                                                   \
		unlock;                                                                                              \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&b_waits, 1);                                                                              \
		asleep(a_tid);                                                                                       \
		if (!racy)                                                                                           \
			take;                                                                                        \
		touch_b();                                                                                           \
		if (racy)                                                                                            \
			take;                                                                                        \
		__atomic_store_n(&ready, 1, __ATOMIC_RELEASE);                                                       \
		condition.wakeAll();                                                                                 \
		unlock;                                                                                              \
		return unused;                                                                                       \
	}
#define MS 100000ul
#define LATER QDeadlineTimer(100000)
GIVES(wait_read_ms, READ, MS, WRITE, UNLOCK, rwlock)
GIVES(wait_read, READ, LATER, WRITE, UNLOCK, rwlock)
GIVES(wait_write_gives_ms, WRITE, MS, WRITE, UNLOCK, rwlock)
GIVES(wait_write_gives, WRITE, LATER, WRITE, UNLOCK, rwlock)
GIVES(wait_mutex_gives_ms, mutex.lock(), MS, mutex.lock(), mutex.unlock(), mutex)
GIVES(wait_mutex_gives, mutex.lock(), LATER, mutex.lock(), mutex.unlock(), mutex)

/* The same of a lock that another thread took. */
#define WAITS_GIVEN(name, time)                                                                                      \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		a_tid = (pid_t)syscall(SYS_gettid);                                                                  \
		gate_wait(&b_waits, 1);                                                                              \
		touch_a();                                                                                           \
		gate_open(&b_waits);                                                                                 \
		while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))                                                   \
			condition.wait(&rwlock, time);                                                               \
		UNLOCK;                                                                                              \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		WRITE;                                                                                               \
		gate_open(&b_waits);                                                                                 \
		gate_wait(&b_waits, 2);                                                                              \
		asleep(a_tid);                                                                                       \
		if (!racy)                                                                                           \
			READ;                                                                                        \
		touch_b();                                                                                           \
		if (racy)                                                                                            \
			READ;                                                                                        \
		__atomic_store_n(&ready, 1, __ATOMIC_RELEASE);                                                       \
		condition.wakeAll();                                                                                 \
		UNLOCK;                                                                                              \
		return unused;                                                                                       \
	}
WAITS_GIVEN(wait_given_ms, 100000ul)
WAITS_GIVEN(wait_given, QDeadlineTimer(100000))

static const struct scenario list[] = {
	SIDES(basic), SIDES(write_try_write), SIDES(write_try_write_ms), SIDES(read_given), ALONE(wait_write_ms), ALONE(wait_write),
	SIDES(wait_read_ms), SIDES(wait_read), SIDES(wait_write_gives_ms), SIDES(wait_write_gives), SIDES(wait_mutex_gives_ms),
	SIDES(wait_mutex_gives), SIDES(wait_given_ms), SIDES(wait_given),
};

int main(int argc, char **argv)
{
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
