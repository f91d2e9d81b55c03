/* SPDX-License-Identifier: MIT */
/*
 * lock.h - a small futex lock for librace's own slow paths.
 *
 * Never held over user code, and never taken on the path of a hooked operation that finds its cell. The order in which
 * several may be held is the list in preload/fork.c, which also takes them all around a fork.
 */
#ifndef RACE_SYS_LOCK_H
#define RACE_SYS_LOCK_H

#include <stdint.h>

struct lock {
	uint32_t word; /* 0 free, 1 held, 2 held with waiters */
};

void lock_take(struct lock *l);
int lock_try(struct lock *l); /* 1 when taken */
void lock_drop(struct lock *l);
void lock_reset(struct lock *l); /* in a forked child only */

#endif
