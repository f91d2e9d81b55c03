/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/* A spin lock of one's own. */
#include <stdatomic.h>

#include "hidden.h"

static atomic_flag busy = ATOMIC_FLAG_INIT;

static void spin_lock(void)
{
	while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
		__builtin_ia32_pause();
	race_acquire(&busy);
}

static void spin_unlock(void)
{
	race_release(&busy);
	atomic_flag_clear_explicit(&busy, memory_order_release);
}

static void *user(void *unused)
{
	for (int i = 0; i < 100; i++) {
		spin_lock();
		add(i % 2 ? "odd" : "even");
		spin_unlock();
	}
	return unused;
}

HIDDEN(user, user)
