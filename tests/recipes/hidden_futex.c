/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/* A lock on a futex: the kernel is asked only when somebody waits. */
#include <stdatomic.h>

#include "hidden.h"

static atomic_int state; /* 0 free, 1 taken, 2 taken and somebody may wait */

static void futex_lock(void)
{
	int was = 0;

	if (!atomic_compare_exchange_strong(&state, &was, 1)) {
		while (atomic_exchange(&state, 2))
			syscall(SYS_futex, &state, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
	}
	race_acquire(&state);
}

static void futex_unlock(void)
{
	race_release(&state);
	if (atomic_exchange(&state, 0) == 2)
		syscall(SYS_futex, &state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *one(void *unused)
{
	for (int i = 0; i < 100; i++) {
		futex_lock();
		add("one");
		futex_unlock();
	}
	gate_open(&first_done);
	return unused;
}

/* Comes when nobody has the lock: no system call is made, and nothing is left to be seen. */
static void *other(void *unused)
{
	gate_wait(&first_done, 1);
	futex_lock();
	add("other");
	futex_unlock();
	return unused;
}

HIDDEN(one, other)
