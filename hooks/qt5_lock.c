/* SPDX-License-Identifier: MIT */
/*
 * qt5_lock.c - the synchronisation of Qt 5. The rows are qt5_lock.def.
 *
 * QMutex, QReadWriteLock and QSemaphore are atomics and futexes inside libQt5Core, never pthread (QWaitCondition is): hooked by name, and patched,
 * so that event queues, thread pools, futures and QThread::wait come by the locks they are built of. Threads
 * are started by pthread_create, which libQt5Core calls through the PLT.
 *
 * Twice      QWaitCondition::wait calls QMutex, QReadWriteLock's outer functions call its inner ones. Where these calls are
 *            seen, both do their part: what is held already is not held twice, and a second release adds nothing. They are not with
 *            attach=interpose: libQt5Core calls itself without the PLT.
 * Events     queued events, signals and calls, timers of other threads, finished threads and pools pass under QMutexes of QtCore:
 *            they have no rows of their own.
 * Futures    are finished by QFutureInterfaceBase::reportFinished, whoever runs them; most questions take the future's mutex, two
 *            look at its atomic state alone. The other rows, and those of QThread, matter with attach=interpose.
 * Not seen   QBasicMutex::lock, tryLock and unlock while nobody waits, which are inlined; Qt's libraries use them, a few others too.
 */
#include "qt5.h"
#include "sync_rows.h"

/* QDeadlineTimer, passed by value in two registers. */
struct qdeadline {
	int64_t seconds;
	unsigned nanoseconds, type;
};

/* A QMutex is one pointer, null when free. An unlock by a thread that we did not see locking: see mutex_give_unseen. */
static inline void qmutex_got(struct race_thread *t, const void *m)
{
	lock_held(t, KEY(m), LOCK_MUTEX, 0);
	sync_acquire(t, KEY(m));
}

static inline void qmutex_give(struct race_thread *t, const void *m)
{
	int level = lock_dropped(t, KEY(m));

	if (likely(level == 1) || (level < 0 && load_relaxed((void *const *)m)))
		sync_release_join(t, KEY(m));
}

/* Around a wait the mutex is held once: a recursive one is refused by Qt. */
#define QMUTEX_BEFORE_WAIT(m)                                                                                        \
	if (m)                                                                                                       \
	qmutex_give(t, m)
#define QMUTEX_AFTER_WAIT(m)                                                                                         \
	do {                                                                                                         \
		if ((m) && lock_mode(t, m) < 0)                                                                      \
			lock_held(t, KEY(m), LOCK_MUTEX, 0);                                                         \
		if (m)                                                                                               \
			sync_acquire(t, KEY(m));                                                                     \
	} while (0)

static inline void qrwlock_got(struct race_thread *t, const void *l, int read_mode)
{
	sync_acquire(t, KEY(l));
	if (!read_mode)
		sync_acquire(t, READERS(l));
	if (lock_mode(t, l) < 0)
		lock_held(t, KEY(l), LOCK_RWLOCK, read_mode);
}

/* The mode in which a waiting thread held the lock, for when it wakes. A thread waits in one place at a time; -1: was
 * not seen taking it. */
static __thread int waited_in __attribute__((tls_model("initial-exec")));

#define QRWLOCK_BEFORE_WAIT(l)                                                                                       \
	do {                                                                                                         \
		if ((l) && lock_mode(t, l) >= 0)                                                                     \
			waited_in = lock_mode(t, l);                                                                 \
		if (l)                                                                                               \
			rwlock_give(t, l);                                                                           \
	} while (0)
#define QRWLOCK_AFTER_WAIT(l)                                                                                        \
	do {                                                                                                         \
		if (l)                                                                                               \
			qrwlock_got(t, l, waited_in);                                                                \
	} while (0)

/* class QFutureInterfaceBase { virtual ...; QFutureInterfaceBasePrivate *d; }, qfutureinterface.h. */
#define FUTURE(f) KEY(load_relaxed((void *const *)(f) + 1))

#include "qt5_lock.def"

int qt5_locks_are_seen(void)
{
	return hook_is_patched(&hook__ZN6QMutex4lockEv) && hook_is_patched(&hook__ZN6QMutex6unlockEv);
}
