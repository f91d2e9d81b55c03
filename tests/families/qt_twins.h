/* SPDX-License-Identifier: MIT */
/*
 * qt_twins.h - scenarios of Qt's containers; QHash and QMap differ in nothing here. See twins.h.
 *
 * The program that includes it defines `table` (the shared container), `copies[2]` (others, sharing its data) and the accesses
 * insert_a insert_b remove_b look_up_b walk_a walk_b, and Container.
 */
#ifndef TESTS_QT_TWINS_H
#define TESTS_QT_TWINS_H

#include <QCoreApplication>
#include <QMutex>
#include <QReadWriteLock>
#include <QSemaphore>
#include <QThread>
#include <QThreadPool>
#include <QTimer>
#include <QWaitCondition>
#include <memory>
#include <mutex>

LOCK_TWINS(write_write, insert_a(), insert_b())
LOCK_TWINS(write_iterate, insert_a(), walk_b())
LOCK_TWINS(iterate_then_write, walk_a(), insert_b())
LOCK_TWINS(write_lookup, insert_a(), look_up_b())
LOCK_TWINS(write_remove, insert_a(), remove_b())
LOCK_TWINS(remove_write, remove_b(), insert_a())
RWLOCK_TWINS(rwlock, insert_a(), walk_b())
JOIN_TWINS(join, insert_a(), insert_b())

/* ---- Qt's locks ------------------------------------------------------------------------------------------------- */

static QMutex qmutex[2];
static QBasicMutex qbasic[2];
static QRecursiveMutex qrecursive[2];
static QReadWriteLock qrwlock[2];
static QSemaphore semaphore, no_semaphore;
static QWaitCondition condition;

LOCKED(QMutex_lock, qmutex[L].lock(), insert_a(), qmutex[L].unlock(), qmutex[L].lock(), insert_b(), qmutex[L].unlock())
LOCKED(QMutex_tryLock, (void)qmutex[L].tryLock(), insert_a(), qmutex[L].unlock(), (void)qmutex[L].tryLock(1000), insert_b(),
       qmutex[L].unlock())
LOCKED(QMutexLocker_of_a_basic_mutex, QMutexLocker locker(&qbasic[L]), insert_a(), locker.unlock(),
       QMutexLocker locker(&qbasic[L]), insert_b(), locker.unlock())
LOCKED(QRecursiveMutex_twice, (qrecursive[L].lock(), qrecursive[L].lock()), insert_a(), (qrecursive[L].unlock(), qrecursive[L].unlock()),
       (qrecursive[L].lock(), qrecursive[L].lock()), insert_b(), (qrecursive[L].unlock(), qrecursive[L].unlock()))
LOCKED(QReadWriteLock_write, qrwlock[L].lockForWrite(), insert_a(), qrwlock[L].unlock(), qrwlock[L].lockForWrite(), insert_b(),
       qrwlock[L].unlock())
LOCKED(QReadWriteLock_read, qrwlock[L].lockForWrite(), insert_a(), qrwlock[L].unlock(), qrwlock[L].lockForRead(), walk_b(),
       qrwlock[L].unlock())
LOCKED(QReadWriteLock_try, (void)qrwlock[L].tryLockForWrite(), insert_a(), qrwlock[L].unlock(), (void)qrwlock[L].tryLockForRead(100),
       walk_b(), qrwlock[L].unlock())
/* Both hold the lock in read mode; in the racy twin both write. */
LOCKED(QReadWriteLock_write_under_read_lock, qrwlock[0].lockForRead(), (void)(racy ? insert_a() : walk_a()), qrwlock[0].unlock(),
       qrwlock[0].lockForRead(), (void)(racy ? insert_b() : walk_b()), qrwlock[0].unlock())

#define touch_a insert_a
#define touch_b insert_b
HANDOVER(QSemaphore_acquire, semaphore.release(), semaphore.acquire())
HANDOVER(QSemaphore_tryAcquire, semaphore.release(2), (void)semaphore.tryAcquire(2, 1000))
HANDOVER(QThreadPool_start, QThreadPool::globalInstance()->start([] { semaphore.release(); }), semaphore.acquire())

static struct gate b_waits;
static bool ready;
static void *QWaitCondition_wait_a(void *unused)
{
	gate_wait(&b_waits, 1);
	qmutex[0].lock();
	if (!racy)
		insert_a();
	ready = true;
	condition.wakeOne();
	qmutex[0].unlock();
	if (racy)
		insert_a();
	gate_open(&a_done);
	return unused;
}
static void *QWaitCondition_wait_b(void *unused)
{
	qmutex[0].lock();
	walk_b();
	gate_open(&b_waits);
	while (!ready)
		condition.wait(&qmutex[0]);
	qmutex[0].unlock();
	gate_wait(&a_done, 1);
	insert_b();
	return unused;
}
static void *QWaitCondition_of_a_rwlock_a(void *unused)
{
	gate_wait(&b_waits, 1);
	qrwlock[0].lockForWrite();
	if (!racy)
		insert_a();
	ready = true;
	condition.wakeAll();
	qrwlock[0].unlock();
	if (racy)
		insert_a();
	gate_open(&a_done);
	return unused;
}
static void *QWaitCondition_of_a_rwlock_b(void *unused)
{
	qrwlock[0].lockForRead();
	gate_open(&b_waits);
	while (!ready)
		condition.wait(&qrwlock[0], 100000);
	qrwlock[0].unlock();
	gate_wait(&a_done, 1);
	insert_b();
	return unused;
}

/* ---- Qt's threads ----------------------------------------------------------------------------------------------- */

static void *QThread_wait_alone(void *unused)
{
	std::unique_ptr<QThread> thread(QThread::create([] { insert_a(); gate_open(&a_done); }));

	thread->start();
	gate_wait(&a_done, 1);
	if (racy)
		insert_b();
	thread->wait();
	if (!racy)
		insert_b();
	return unused;
}

static void *QThreadPool_waitForDone_alone(void *unused)
{
	QThreadPool pool;

	pool.start([] { insert_a(); gate_open(&a_done); });
	gate_wait(&a_done, 1);
	if (racy)
		insert_b();
	pool.waitForDone();
	if (!racy)
		insert_b();
	return unused;
}

/* A function posted to another thread's event loop: after whatever its poster did before, not after. */
static void *posted_call_alone(void *unused)
{
	static struct gate posted;
	QThread thread;
	QObject receiver;

	thread.start();
	receiver.moveToThread(&thread);
	if (!racy)
		insert_b();
	QMetaObject::invokeMethod(&receiver, [] { gate_wait(&posted, 1); insert_a(); gate_open(&a_done); }, Qt::QueuedConnection);
	if (racy)
		insert_b();
	gate_open(&posted);
	gate_wait(&a_done, 1);
	thread.quit();
	thread.wait();
	return unused;
}

static void *blocking_call_alone(void *unused)
{
	QThread thread;
	QObject receiver;

	thread.start();
	receiver.moveToThread(&thread);
	QMetaObject::invokeMethod(&receiver, [] { if (!racy) insert_a(); }, Qt::BlockingQueuedConnection);
	if (racy) {
		QMetaObject::invokeMethod(&receiver, [] { insert_a(); gate_open(&a_done); }, Qt::QueuedConnection);
		gate_wait(&a_done, 1);
	}
	insert_b();
	thread.quit();
	thread.wait();
	return unused;
}

/* ---- shared data ------------------------------------------------------------------------------------------------
 * In the racy twins both sides use one container; in the others each has its own, and they share the data until one changes.
 */
#define OWN(name, mine_a, mine_b)                                                                                    \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		if (racy) {                                                                                          \
			insert_a();                                                                                  \
		} else {                                                                                             \
			mine_a;                                                                                      \
		}                                                                                                    \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&a_done, 1);                                                                               \
		if (racy) {                                                                                          \
			insert_b();                                                                                  \
		} else {                                                                                             \
			mine_b;                                                                                      \
		}                                                                                                    \
		return unused;                                                                                       \
	}

static int sum_of(const Container &c)
{
	int sum = 0;

	for (auto i = c.constBegin(); i != c.constEnd(); ++i)
		sum += i.value();
	return sum;
}

/* Read, let go, and the other one changes in place: the order is in the reference count alone. */
OWN(read_and_let_go, (sum_of(copies[0]), copies[0] = Container()), change(copies[1]))
/* Detach: a walk over what the other one changes in place afterwards. */
OWN(detach_and_go_on, change(copies[0]), (change(copies[1]), sum_of(copies[1])))
/* The one that is left gives the memory back, whoever made it. */
OWN(let_go_last, copies[0] = Container(), copies[1] = Container())
/* Both only read. */
OWN(both_read, sum_of(copies[0]), sum_of(copies[1]))
OWN(copied_from_one_source, (copies[0] = source, change(copies[0])), (copies[1] = source, change(copies[1]), sum_of(source)))

/* By value through a lock: taken out, changed outside, put back. */
static void in_and_out(int key)
{
	for (int i = 0; i < 20; i++) {
		Container mine;
		{
			QMutexLocker locker(&qmutex[0]);
			mine = copies[0];
		}
		mine.insert(key + i, i);
		sum_of(mine);
		QMutexLocker locker(&qmutex[0]);
		copies[0].swap(mine);
	}
}
OWN(in_and_out_of_a_lock, in_and_out(100), in_and_out(200))

/* Owned by a counted pointer: the last one to drop it destroys the container, and only the count says that the other's change
 * came before. */
static std::shared_ptr<Container> shared[2];
static void *counted_owner_a(void *unused)
{
	gate_wait(&b_waits, 1);
	if (racy) {
		insert_a();
	} else {
		QMutexLocker locker(&qmutex[0]);
		change(*shared[0]);
	}
	shared[0].reset();
	gate_open(&a_done);
	return unused;
}
static void *counted_owner_b(void *unused)
{
	if (!racy) {
		QMutexLocker locker(&qmutex[0]);
		change(*shared[1]);
	}
	gate_open(&b_waits);
	gate_wait(&a_done, 1);
	if (racy)
		insert_b();
	shared[1].reset();
	return unused;
}

static const struct scenario list[] = {
	SIDES(write_write), SIDES(write_iterate), SIDES(iterate_then_write), SIDES(write_lookup), SIDES(write_remove),
	SIDES(remove_write), SIDES(rwlock), ALONE(join),
	SIDES(QMutex_lock), SIDES(QMutex_tryLock), SIDES(QMutexLocker_of_a_basic_mutex), SIDES(QRecursiveMutex_twice),
	SIDES(QReadWriteLock_write), SIDES(QReadWriteLock_read), SIDES(QReadWriteLock_try), SIDES(QReadWriteLock_write_under_read_lock),
	SIDES(QSemaphore_acquire), SIDES(QSemaphore_tryAcquire), SIDES(QThreadPool_start), SIDES(QWaitCondition_wait),
	SIDES(QWaitCondition_of_a_rwlock), ALONE(QThread_wait), ALONE(QThreadPool_waitForDone), ALONE(posted_call),
	ALONE(blocking_call), SIDES(read_and_let_go), SIDES(detach_and_go_on), SIDES(let_go_last), SIDES(both_read),
	SIDES(copied_from_one_source), SIDES(in_and_out_of_a_lock), SIDES(counted_owner),
};

static int twins_list(const struct scenario *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		puts(s[i].name);
	return 0;
}

static int qt_main(int argc, char **argv)
{
	/* Where libQt5Core's own use of its locks is not seen, nothing of Qt is checked. */
	if (argc == 2 && !strcmp(argv[1], "--needs-patching"))
		return twins_list(list, sizeof(list) / sizeof(*list));

	/* Look-ups are inlined; a walk is compared with what came before it only. */
	UNSEEN("iterate_then_write", "write_lookup")

	QCoreApplication application(argc, argv);

	for (int i = 0; i < 8; i++)
		source.insert(i, i);
	table = source;
	table.insert(8, 8);
	{
		Container data = source;
		data.insert(9, 9);
		copies[0] = copies[1] = data;
	}
	shared[0] = shared[1] = std::make_shared<Container>(source);
	change(*shared[0]);
	return twins_main(argc, argv, list, sizeof(list) / sizeof(*list));
}

#endif
