/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/* A ticket lock, told as a lock: it appears in reports under "Locks held". */
#include <sched.h>
#include <stdatomic.h>

#include "hidden.h"

#ifndef UNANNOTATED
void AnnotateRWLockAcquired(const char *file, int line, const volatile void *lock, long is_writer) __attribute__((weak));
void AnnotateRWLockReleased(const char *file, int line, const volatile void *lock, long is_writer) __attribute__((weak));
#define TELL(name, lock)                                                                      \
	do {                                                                                  \
		if (name)                                                                     \
			name(__FILE__, __LINE__, lock, 1);                                    \
	} while (0)
#else
#define TELL(name, lock) ((void)(lock))
#endif

static struct ticket_lock {
	atomic_uint next, serving;
} lock;

static void ticket_lock(struct ticket_lock *l)
{
	unsigned mine = atomic_fetch_add_explicit(&l->next, 1, memory_order_relaxed);

	while (atomic_load_explicit(&l->serving, memory_order_acquire) != mine)
		sched_yield();
	TELL(AnnotateRWLockAcquired, l);
}

static void ticket_unlock(struct ticket_lock *l)
{
	TELL(AnnotateRWLockReleased, l);
	atomic_fetch_add_explicit(&l->serving, 1, memory_order_release);
}

static void *user(void *unused)
{
	for (int i = 0; i < 100; i++) {
		ticket_lock(&lock);
		add(i % 2 ? "odd" : "even");
		ticket_unlock(&lock);
	}
	return unused;
}

HIDDEN(user, user)
