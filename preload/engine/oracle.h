/* SPDX-License-Identifier: MIT */
/*
 * oracle.h - the engine's slow, obvious twin: for tests, never part of the library.
 *
 * Threads are small numbers that are never reused, objects and maps are found by linear search, every clock is copied
 * whole. It knows no epochs, slots, words, tables or shortcuts, and no overlap.
 */
#ifndef RACE_ENGINE_ORACLE_H
#define RACE_ENGINE_ORACLE_H

#include <stddef.h>
#include <stdint.h>

#include "op.h"

#define ORACLE_THREADS 512
#define ORACLE_OBJECTS 512
#define ORACLE_MAPS 512

void oracle_reset(void);

/* Thread 0 exists. The parent's past comes before the child. A foreign thread comes after everybody's past. (In the
 * engine it comes after everybody's present epoch, which may go on: races with what comes in there may be missed.) */
void oracle_create(unsigned parent, unsigned child);
void oracle_foreign(unsigned thread);
void oracle_fork(unsigned self); /* the others end, ordered before self; one thread again */

void oracle_acquire(unsigned thread, uintptr_t obj);
void oracle_release(unsigned thread, uintptr_t obj);
void oracle_release_join(unsigned thread, uintptr_t obj);
void oracle_publish_once(unsigned thread);
void oracle_forget(uintptr_t lo, size_t bytes); /* objects and maps */

/* What one access finds. due: the engine must find it too. It need not when no other thread has touched the place since this
 * one did the same: it was judged then, and since then order can only have been added. */
struct oracle_verdict {
	int race, due;
	int ever; /* races with some access of the place's whole history, not only with those that the last write left */
	unsigned with; /* some thread it races with */
};

/* bucket < 0: not known. */
struct oracle_verdict oracle_access(unsigned thread, uintptr_t map, enum race_contract contract, enum race_role role, int write,
				    long bucket);

#endif
