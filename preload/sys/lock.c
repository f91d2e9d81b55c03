/* SPDX-License-Identifier: MIT */
/*
 * lock.c - the futex lock of lock.h.
 *
 * Ordering  taking the word with acquire pairs with the release in lock_drop; nothing else is ordered.
 * Must not  be taken twice by one thread: there is no owner. The guard of preload/core.h sees to that.
 */
#include "lock.h"

#include "atomic.h"
#include "os.h"

#define SPINS 64

void lock_take(struct lock *l)
{
	for (int i = 0; i < SPINS; i++) {
		if (load_relaxed(&l->word) == 0 && lock_try(l))
			return;
#if defined(__x86_64__)
		__builtin_ia32_pause();
#endif
	}
	/* From here on the word says 2: whoever drops the lock wakes one, and the woken one keeps saying 2. */
	while (swap_acquire(&l->word, 2) != 0) /* partner: lock_drop */
		os_futex_wait(&l->word, 2);
}

int lock_try(struct lock *l)
{
	uint32_t free_word = 0;

	return cas_acq_rel(&l->word, &free_word, 1); /* partner: lock_drop */
}

void lock_drop(struct lock *l)
{
	if (__atomic_exchange_n(&l->word, 0, __ATOMIC_RELEASE) == 2) /* partner: lock_take, lock_try */
		os_futex_wake(&l->word, 1);
}

void lock_reset(struct lock *l)
{
	store_relaxed(&l->word, 0);
}
