/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core Qt5Concurrent -fPIC -Wno-deprecated-declarations */
/*
 * qt_twins.cc - what Qt 5 orders: its locks, semaphores and conditions, threads, pools, futures, events, queued signals and timers.
 * Threads of the twins are POSIX threads and the order between the sides is a gate's, so that nothing of Qt's stands between them but
 * what the twin is named after.
 */
#include <QCoreApplication>
#include <QEvent>
#include <QFuture>
#include <QFutureInterface>
#include <QMutex>
#include <QObject>
#include <QReadWriteLock>
#include <QRunnable>
#include <QSemaphore>
#include <QThread>
#include <QThreadPool>
#include <QTimer>
#include <QWaitCondition>
#include <QtConcurrent/QtConcurrent>
#include <chrono>
#include <string>

#include "twins.h"

using namespace std::chrono_literals;

static void must(bool yes)
{
	if (!yes)
		abort();
}

/* ---- locks ----------------------------------------------------------------------------------------------------------- */

static QMutex mutexes[2];
static QRecursiveMutex recursive[2];
static QReadWriteLock rwlocks[2];

#define MUTEX_TWINS(name, locks, lock) LOCKED(name, lock(locks[L]), touch_a(), locks[L].unlock(), lock(locks[L]), touch_b(), locks[L].unlock())
#define LOCK(l) (l).lock()
#define TRY_LOCK(l) must((l).tryLock())
#define TRY_LOCK_MS(l) must((l).tryLock(100000))
#define TRY_LOCK_FOR(l) must((l).try_lock_for(100s))
#define TRY_LOCK_STD(l) must((l).try_lock())
MUTEX_TWINS(mutex, mutexes, LOCK)
MUTEX_TWINS(mutex_try, mutexes, TRY_LOCK)
MUTEX_TWINS(mutex_try_ms, mutexes, TRY_LOCK_MS)
MUTEX_TWINS(mutex_try_for, mutexes, TRY_LOCK_FOR)
MUTEX_TWINS(mutex_try_std, mutexes, TRY_LOCK_STD)
MUTEX_TWINS(recursive_mutex, recursive, LOCK)
MUTEX_TWINS(recursive_mutex_try, recursive, TRY_LOCK)

static void twice(QRecursiveMutex &m)
{
	m.lock();
	m.lock();
	m.unlock();
}
MUTEX_TWINS(recursive_mutex_twice, recursive, twice)

#define READ(l) (l).lockForRead()
#define WRITE(l) (l).lockForWrite()
#define TRY_READ(l) must((l).tryLockForRead())
#define TRY_READ_MS(l) must((l).tryLockForRead(100000))
#define TRY_WRITE(l) must((l).tryLockForWrite())
#define TRY_WRITE_MS(l) must((l).tryLockForWrite(100000))
#define RW_TWINS(name, lock_a, access_a, lock_b, access_b)                                                             \
	LOCKED(name, lock_a(rwlocks[L]), access_a, rwlocks[L].unlock(), lock_b(rwlocks[L]), access_b, rwlocks[L].unlock())
RW_TWINS(rwlock_write_read, WRITE, touch_a(), READ, look_b())
RW_TWINS(rwlock_read_write, READ, look_a(), WRITE, touch_b())
RW_TWINS(rwlock_write_write, WRITE, touch_a(), WRITE, touch_b())
RW_TWINS(rwlock_write_try_read, WRITE, touch_a(), TRY_READ, look_b())
RW_TWINS(rwlock_write_try_read_ms, WRITE, touch_a(), TRY_READ_MS, look_b())
RW_TWINS(rwlock_try_read_write, TRY_READ, look_a(), WRITE, touch_b())
RW_TWINS(rwlock_try_read_ms_write, TRY_READ_MS, look_a(), WRITE, touch_b())
RW_TWINS(rwlock_try_write_read, TRY_WRITE, touch_a(), READ, look_b())
RW_TWINS(rwlock_try_write_ms_read, TRY_WRITE_MS, touch_a(), READ, look_b())
RW_TWINS(rwlock_read_try_write, READ, look_a(), TRY_WRITE, touch_b())
RW_TWINS(rwlock_read_try_write_ms, READ, look_a(), TRY_WRITE_MS, touch_b())

/* Side B asks for the lock while side A has it: only then is anything called. Free again it is free by an inlined store. */
static QBasicMutex basic;

/* What the word of a lock is once a thread waits for it. */
static void wait_for_waiter(const void *lock)
{
	while ((*(const std::atomic<uintptr_t> *)lock).load(std::memory_order_relaxed) <= 1)
		sched_yield();
}

static struct gate a_has_it;

#define CONTENDED(name, lock_b)                                                                                        \
	static void *name##_a(void *unused)                                                                            \
	{                                                                                                              \
		basic.lock();                                                                                          \
		gate_open(&a_has_it);                                                                                  \
		wait_for_waiter(&basic);                                                                               \
		if (!racy)                                                                                             \
			touch_a();                                                                                     \
		basic.unlock();                                                                                        \
		if (racy)                                                                                              \
			touch_a();                                                                                     \
		gate_open(&a_done);                                                                                    \
		return unused;                                                                                         \
	}                                                                                                              \
	static void *name##_b(void *unused)                                                                            \
	{                                                                                                              \
		gate_wait(&a_has_it, 1);                                                                               \
		lock_b;                                                                                                \
		gate_wait(&a_done, 1);                                                                                 \
		touch_b();                                                                                             \
		basic.unlock();                                                                                        \
		return unused;                                                                                         \
	}
CONTENDED(basic_mutex_contended, basic.lock())

/* ---- semaphores and conditions ------------------------------------------------------------------------------------------ */

static QSemaphore semaphore;
static QWaitCondition condition;
static bool is_ready;

HANDOVER(semaphore, semaphore.release(), semaphore.acquire())
HANDOVER(semaphore_many, semaphore.release(3), semaphore.acquire(3))
HANDOVER(semaphore_try, semaphore.release(), must(semaphore.tryAcquire()))
HANDOVER(semaphore_try_ms, semaphore.release(), must(semaphore.tryAcquire(1, 100000)))
HANDOVER(semaphore_releaser, (void)QSemaphoreReleaser(semaphore), must(semaphore.tryAcquire()))

/*
 * A wait gives the lock and takes it again: side A's access is made under the lock before its wait, side B's under the lock while A
 * waits, or after A was woken. WAIT is one kind of waiting.
 */
#define WAIT_GIVES(name, lock, wait, unlock)                                                                           \
	static void *name##_a(void *unused)                                                                            \
	{                                                                                                              \
		lock;                                                                                                  \
		touch_a();                                                                                             \
		gate_open(&a_done);                                                                                    \
		while (!is_ready)                                                                                      \
			wait;                                                                                          \
		unlock;                                                                                                \
		return unused;                                                                                         \
	}                                                                                                              \
	static void *name##_b(void *unused)                                                                            \
	{                                                                                                              \
		gate_wait(&a_done, 1);                                                                                 \
		if (racy)                                                                                              \
			touch_b();                                                                                     \
		lock;                                                                                                  \
		if (!racy)                                                                                             \
			touch_b();                                                                                     \
		is_ready = true;                                                                                       \
		condition.wakeOne();                                                                                   \
		unlock;                                                                                                \
		return unused;                                                                                         \
	}

/*
 * Side B waits; side A changes something under the lock meanwhile, in the racy twin after it. Who wakes side B knows nothing of side A's
 * access: waking orders, too.
 */
static void *waker(void *unused)
{
	gate_wait(&a_done, 1);
	is_ready = true;
	condition.wakeOne();
	return unused;
}

#define WAIT_TAKES(name, lock, wait, unlock)                                                                           \
	static void *name##_a(void *unused)                                                                            \
	{                                                                                                              \
		gate_wait(&a_has_it, 1);                                                                               \
		lock;                                                                                                  \
		if (!racy)                                                                                             \
			touch_a();                                                                                     \
		unlock;                                                                                                \
		if (racy)                                                                                              \
			touch_a();                                                                                     \
		gate_open(&a_done);                                                                                    \
		return unused;                                                                                         \
	}                                                                                                              \
	static void *name##_b(void *unused)                                                                            \
	{                                                                                                              \
		pthread_t third;                                                                                       \
		MUST(pthread_create(&third, NULL, waker, NULL));                                                       \
		lock;                                                                                                  \
		gate_open(&a_has_it);                                                                                  \
		while (!is_ready)                                                                                      \
			wait;                                                                                          \
		touch_b();                                                                                             \
		unlock;                                                                                                \
		MUST(pthread_join(third, NULL));                                                                       \
		return unused;                                                                                         \
	}

#define ML mutexes[0].lock()
#define MU mutexes[0].unlock()
#define RL rwlocks[0].lockForWrite()
#define RU rwlocks[0].unlock()
WAIT_GIVES(wait_gives, ML, condition.wait(&mutexes[0]), MU)
WAIT_GIVES(wait_ms_gives, ML, condition.wait(&mutexes[0], 100000ul), MU)
WAIT_GIVES(wait_rwlock_gives, RL, condition.wait(&rwlocks[0]), RU)
WAIT_GIVES(wait_rwlock_ms_gives, RL, condition.wait(&rwlocks[0], 100000ul), RU)
WAIT_TAKES(wait_takes, ML, condition.wait(&mutexes[0]), MU)
WAIT_TAKES(wait_ms_takes, ML, condition.wait(&mutexes[0], 100000ul), MU)
WAIT_TAKES(wait_rwlock_takes, RL, condition.wait(&rwlocks[0]), RU)
WAIT_TAKES(wait_rwlock_ms_takes, RL, condition.wait(&rwlocks[0], 100000ul), RU)

/* The wake-up alone: side A changes something without the lock, and wakes as long as nobody has woken. */
static struct gate woken;

#define WAKE(name, lock, wait, unlock, wake)                                                                           \
	static void *name##_a(void *unused)                                                                            \
	{                                                                                                              \
		gate_wait(&a_has_it, 1);                                                                               \
		if (!racy)                                                                                             \
			touch_a();                                                                                     \
		while (!__atomic_load_n(&woken.count, __ATOMIC_ACQUIRE)) {                                             \
			wake;                                                                                          \
			sched_yield();                                                                                 \
		}                                                                                                      \
		if (racy)                                                                                              \
			touch_a();                                                                                     \
		gate_open(&a_done);                                                                                    \
		return unused;                                                                                         \
	}                                                                                                              \
	static void *name##_b(void *unused)                                                                            \
	{                                                                                                              \
		lock;                                                                                                  \
		gate_open(&a_has_it);                                                                                  \
		wait;                                                                                                  \
		gate_open(&woken);                                                                                     \
		gate_wait(&a_done, 1);                                                                                 \
		touch_b();                                                                                             \
		unlock;                                                                                                \
		return unused;                                                                                         \
	}
WAKE(wake_one, ML, condition.wait(&mutexes[0]), MU, condition.wakeOne())
WAKE(wake_all, ML, condition.wait(&mutexes[0]), MU, condition.wakeAll())
WAKE(wake_one_ms, ML, condition.wait(&mutexes[0], 100000ul), MU, condition.wakeOne())
WAKE(wake_rwlock, RL, condition.wait(&rwlocks[0]), RU, condition.wakeOne())
WAKE(wake_rwlock_ms, RL, condition.wait(&rwlocks[0], 100000ul), RU, condition.wakeAll())

/* ---- threads ------------------------------------------------------------------------------------------------------------- */

class Toucher : public QThread {
	void (*f)();

public:
	explicit Toucher(void (*f)()) : f(f) {}
	void run() override { f(); }
};

static void touch_a_then_open(void)
{
	touch_a();
	gate_open(&a_done);
}

static struct gate b_runs;

/* In the racy twin side A comes when nothing is left between the two. */
static void touch_b_when_open(void)
{
	gate_open(&b_runs);
	if (racy)
		gate_wait(&a_done, 1);
	touch_b();
}

static void touch_a_too_late(void)
{
	gate_wait(&b_runs, 1);
	touch_a();
}

static void *thread_start_alone(void *unused)
{
	Toucher thread(touch_b_when_open);

	if (!racy)
		touch_a();
	thread.start();
	if (racy)
		touch_a_too_late();
	gate_open(&a_done);
	thread.wait();
	return unused;
}

static pid_t toucher;

static void touch_a_and_end(void)
{
	toucher = gettid();
	touch_a_then_open();
}

/* Not before the kernel has forgotten the thread: then nothing wakes whoever asks for its end. */
static void wait_until_gone(void)
{
	std::string task = "/proc/self/task/" + std::to_string(toucher);

	while (!access(task.c_str(), F_OK))
		sched_yield();
}

#define THREAD_END(name, after)                                                                                        \
	static void *name##_alone(void *unused)                                                                        \
	{                                                                                                              \
		Toucher thread(touch_a_and_end);                                                                       \
		thread.start();                                                                                        \
		gate_wait(&a_done, 1);                                                                                 \
		wait_until_gone();                                                                                     \
		if (racy)                                                                                              \
			touch_b();                                                                                     \
		after;                                                                                                 \
		if (!racy)                                                                                             \
			touch_b();                                                                                     \
		thread.wait();                                                                                         \
		return unused;                                                                                         \
	}
#define UNTIL(condition)                                                                                               \
	while (!(condition))                                                                                           \
	sched_yield()
THREAD_END(thread_wait, must(thread.wait()))
THREAD_END(thread_wait_ms, must(thread.wait(100000ul)))
THREAD_END(thread_is_finished, UNTIL(thread.isFinished()))
THREAD_END(thread_is_running, UNTIL(!thread.isRunning()))

/* ---- pools and futures -------------------------------------------------------------------------------------------------------- */

class Job : public QRunnable {
	void (*f)();

public:
	explicit Job(void (*f)()) : f(f) {}
	void run() override { f(); }
};

static QThreadPool *pool;
static struct gate warm;

static void nothing(void)
{
	gate_open(&warm);
}

/* Its thread is there, and out of work, before anything is touched. */
static void pool_start(void)
{
	pool = new QThreadPool;
	pool->setMaxThreadCount(1);
	pool->setExpiryTimeout(-1);
	pool->start(new Job(nothing));
	pool->waitForDone();
}

#define POOL_START(name, start)                                                                                        \
	static void *name##_alone(void *unused)                                                                        \
	{                                                                                                              \
		pool_start();                                                                                          \
		if (!racy)                                                                                             \
			touch_a();                                                                                     \
		start;                                                                                                 \
		if (racy)                                                                                              \
			touch_a_too_late();                                                                                     \
		gate_open(&a_done);                                                                                    \
		pool->waitForDone();                                                                                   \
		return unused;                                                                                         \
	}
POOL_START(pool_start_job, pool->start(new Job(touch_b_when_open)))
POOL_START(pool_start_function, pool->start(touch_b_when_open))
POOL_START(pool_try_start, must(pool->tryStart(new Job(touch_b_when_open))))
POOL_START(concurrent_run, QtConcurrent::run(pool, touch_b_when_open))

static void *pool_wait_alone(void *unused)
{
	pool_start();
	pool->start(new Job(touch_a_then_open));
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	pool->waitForDone();
	if (!racy)
		touch_b();
	return unused;
}

static int touch_a_and_tell(void)
{
	touch_a_then_open();
	return 1;
}

#define FUTURE_TWINS(name, get)                                                                                        \
	static void *name##_alone(void *unused)                                                                        \
	{                                                                                                              \
		pool_start();                                                                                          \
		QFuture<int> f = QtConcurrent::run(pool, touch_a_and_tell);                                            \
		gate_wait(&a_done, 1);                                                                                 \
		if (racy)                                                                                              \
			touch_b();                                                                                     \
		get;                                                                                                   \
		if (!racy)                                                                                             \
			touch_b();                                                                                     \
		pool->waitForDone();                                                                                   \
		return unused;                                                                                         \
	}
FUTURE_TWINS(future_result, must(f.result()))
FUTURE_TWINS(future_wait, f.waitForFinished())
FUTURE_TWINS(future_is_finished, UNTIL(f.isFinished()))
FUTURE_TWINS(future_is_running, UNTIL(!f.isRunning()))
FUTURE_TWINS(future_ready, UNTIL(f.isResultReadyAt(0)))
FUTURE_TWINS(future_count, UNTIL(f.resultCount() == 1))

/* Without a pool: only the future's own state stands between the two. */
static QFutureInterface<int> promise;

HANDOVER(promise_is_finished, (promise.reportStarted(), promise.reportFinished()), must(promise.isFinished()))
HANDOVER(promise_is_not_running, (promise.reportStarted(), promise.reportFinished()), must(!promise.isRunning()))
HANDOVER(promise_wait, (promise.reportStarted(), promise.reportFinished()), promise.waitForFinished())
HANDOVER(promise_result, (promise.reportStarted(), promise.reportResult(1), promise.reportFinished()), promise.waitForResult(0))

HANDOVER(promise_partial, (promise.reportStarted(), promise.reportResult(1)), must(promise.isResultReadyAt(0)))
HANDOVER(promise_count, (promise.reportStarted(), promise.reportResult(1)), must(promise.resultCount() == 1))

/* ---- events -------------------------------------------------------------------------------------------------------------------- */

static QObject *receiver;
static struct gate loop_runs;
static QThread *loop_thread;

class Receiver : public QObject {
public:
	bool event(QEvent *e) override
	{
		if (e->type() != QEvent::User)
			return QObject::event(e);
		touch_b_when_open();
		thread()->quit();
		return true;
	}
};

/* A thread with an event loop, which runs before anything is touched; then side A, which has things done there. */
static void loop_start(void)
{
	loop_thread = new QThread;
	receiver = new Receiver;
	receiver->moveToThread(loop_thread);
	loop_thread->start();
	QMetaObject::invokeMethod(receiver, [] { gate_open(&loop_runs); }, Qt::QueuedConnection);
	gate_wait(&loop_runs, 1);
}

static void touch_b_and_quit(void)
{
	touch_b_when_open();
	QThread::currentThread()->quit();
}

#define EVENT_TWINS(name, post)                                                                                        \
	static void *name##_alone(void *unused)                                                                        \
	{                                                                                                              \
		loop_start();                                                                                          \
		if (!racy)                                                                                             \
			touch_a();                                                                                     \
		post;                                                                                                  \
		if (racy)                                                                                              \
			touch_a_too_late();                                                                                     \
		gate_open(&a_done);                                                                                    \
		loop_thread->wait();                                                                                   \
		return unused;                                                                                         \
	}
EVENT_TWINS(post_event, QCoreApplication::postEvent(receiver, new QEvent(QEvent::User)))
EVENT_TWINS(invoke_queued, QMetaObject::invokeMethod(receiver, touch_b_and_quit, Qt::QueuedConnection))
EVENT_TWINS(single_shot, QTimer::singleShot(0, receiver, touch_b_and_quit))

static void *queued_signal_alone(void *unused)
{
	QObject sender;

	loop_start();
	QObject::connect(&sender, &QObject::objectNameChanged, receiver, touch_b_and_quit, Qt::QueuedConnection);
	if (!racy)
		touch_a();
	sender.setObjectName("changed");
	if (racy)
		touch_a_too_late();
	gate_open(&a_done);
	loop_thread->wait();
	return unused;
}

/* What was done there is known to whoever waited for it. */
static void *invoke_blocking_alone(void *unused)
{
	loop_start();
	if (racy) {
		QMetaObject::invokeMethod(receiver, touch_a_then_open, Qt::QueuedConnection);
		gate_wait(&a_done, 1);
	} else {
		QMetaObject::invokeMethod(receiver, touch_a_then_open, Qt::BlockingQueuedConnection);
	}
	touch_b();
	loop_thread->quit();
	loop_thread->wait();
	return unused;
}

/* finished() is a queued signal, too. */
static void *thread_finished_signal_alone(void *unused)
{
	Toucher thread(touch_a_then_open);

	loop_start();
	QObject::connect(&thread, &QThread::finished, receiver, touch_b_and_quit, Qt::QueuedConnection);
	if (racy) {
		QMetaObject::invokeMethod(receiver, touch_b_and_quit, Qt::QueuedConnection);
		gate_wait(&b_runs, 1);
	}
	thread.start();
	loop_thread->wait();
	thread.wait();
	return unused;
}

/* ---- the same where libQt5Core's calls of itself are not seen ------------------------------------------------------------------- */

#define INTERPOSED(name) { "interposed_" #name, name##_a, name##_b }
#define INTERPOSED_ALONE(name) { "interposed_" #name, name##_alone, nullptr }

/* The program starts itself again with the option that says so. */
static void interpose(char **argv)
{
	const char *options = getenv("RACE_OPTIONS");
	std::string all = std::string(options ? options : "") + ":attach=interpose";

	if (options && strstr(options, "attach="))
		return;
	setenv("RACE_OPTIONS", all.c_str(), 1);
	execv("/proc/self/exe", argv);
	abort();
}

static const struct scenario scenarios[] = {
	SIDES(mutex), SIDES(mutex_try), SIDES(mutex_try_ms), SIDES(mutex_try_for), SIDES(mutex_try_std),
	SIDES(recursive_mutex), SIDES(recursive_mutex_try), SIDES(recursive_mutex_twice), SIDES(rwlock_write_read),
	SIDES(rwlock_read_write), SIDES(rwlock_write_write), SIDES(rwlock_write_try_read),
	SIDES(rwlock_write_try_read_ms), SIDES(rwlock_try_read_write), SIDES(rwlock_try_read_ms_write),
	SIDES(rwlock_try_write_read), SIDES(rwlock_try_write_ms_read), SIDES(rwlock_read_try_write),
	SIDES(rwlock_read_try_write_ms), SIDES(basic_mutex_contended), SIDES(semaphore), SIDES(semaphore_many),
	SIDES(semaphore_try), SIDES(semaphore_try_ms), SIDES(semaphore_releaser), SIDES(wait_gives), SIDES(wait_ms_gives),
	SIDES(wait_rwlock_gives), SIDES(wait_rwlock_ms_gives), SIDES(wait_takes), SIDES(wait_ms_takes),
	SIDES(wait_rwlock_takes), SIDES(wait_rwlock_ms_takes), SIDES(wake_one), SIDES(wake_all), SIDES(wake_one_ms),
	SIDES(wake_rwlock), SIDES(wake_rwlock_ms), ALONE(thread_start), ALONE(thread_wait), ALONE(thread_wait_ms),
	ALONE(thread_is_finished), ALONE(thread_is_running), ALONE(pool_start_job), ALONE(pool_start_function),
	ALONE(pool_try_start), ALONE(pool_wait), ALONE(concurrent_run), ALONE(future_result), ALONE(future_wait),
	ALONE(future_is_finished), ALONE(future_is_running), ALONE(future_ready), ALONE(future_count),
	SIDES(promise_is_finished), SIDES(promise_is_not_running), SIDES(promise_wait), SIDES(promise_result), SIDES(promise_partial),
	SIDES(promise_count),
	ALONE(post_event), ALONE(invoke_queued), ALONE(single_shot), ALONE(queued_signal), ALONE(invoke_blocking),
	ALONE(thread_finished_signal),
	INTERPOSED(rwlock_write_read),
	INTERPOSED(rwlock_read_write),
	INTERPOSED(rwlock_write_write),
	INTERPOSED(rwlock_write_try_read),
	INTERPOSED(rwlock_write_try_read_ms),
	INTERPOSED(rwlock_try_read_write),
	INTERPOSED(rwlock_try_read_ms_write),
	INTERPOSED(rwlock_try_write_read),
	INTERPOSED(rwlock_try_write_ms_read),
	INTERPOSED(rwlock_read_try_write),
	INTERPOSED(rwlock_read_try_write_ms),
	INTERPOSED(wait_gives),
	INTERPOSED(wait_ms_gives),
	INTERPOSED(wait_rwlock_gives),
	INTERPOSED(wait_rwlock_ms_gives),
	INTERPOSED(wait_takes),
	INTERPOSED(wait_ms_takes),
	INTERPOSED(wait_rwlock_takes),
	INTERPOSED(wait_rwlock_ms_takes),
	INTERPOSED(wake_one),
	INTERPOSED(wake_all),
	INTERPOSED(promise_is_finished),
	INTERPOSED(promise_wait),
	INTERPOSED(promise_result),
	INTERPOSED(promise_partial),
	INTERPOSED_ALONE(thread_wait),
	INTERPOSED_ALONE(thread_wait_ms),
	INTERPOSED_ALONE(thread_is_finished),
	INTERPOSED_ALONE(thread_is_running),
	INTERPOSED_ALONE(future_result),
	INTERPOSED_ALONE(future_wait),
	INTERPOSED_ALONE(future_is_finished),
	INTERPOSED_ALONE(future_is_running),
	INTERPOSED_ALONE(future_ready),
	INTERPOSED_ALONE(future_count),
	INTERPOSED(promise_count),
};

int main(int argc, char **argv)
{
	if (argc > 1 && !strncmp(argv[1], "interposed_", 11))
		interpose(argv);

	QCoreApplication application(argc, argv);

	return twins_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
