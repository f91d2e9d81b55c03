/* SPDX-License-Identifier: MIT */
/*
 * names_a.c - functions whose names are no good, beside good ones; `names A B`: two threads touch one table, without a lock, the
 * first through names_a.c's function A, the second through names_b.c's function B.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "../e2e/gate.h"
#include "names.h"

long names_table[8];
static long hidden_table[8];

/* The same name in both files. */
static NOINLINE int twice_put(long *table, long key)
{
	table[key & 7] += key;
	return (int)table[0];
}

/* A name that is there once, of a static function. */
static NOINLINE int lonely_put(long *table, long key)
{
	table[key & 7] -= key;
	return (int)table[1];
}

/* What the compiler leaves of functions, as it names it. */
static NOINLINE int cloned_put(long *table, long key) __asm__("cloned_put.constprop.0");
static NOINLINE int cloned_put(long *table, long key)
{
	table[key & 7] ^= key;
	return (int)table[2];
}

static NOINLINE int partly_put(long *table, long key) __asm__("partly_put.part.0");
static NOINLINE int partly_put(long *table, long key)
{
	table[key & 7] |= key;
	return (int)table[3];
}

static inline __attribute__((always_inline)) int inlined_put(long *table, long key)
{
	table[key & 7] &= key;
	return (int)table[4];
}

/* Two bytes, and another function's right behind: no room for a jump. */
__asm__(".text\n.type tiny_put, @function\ntiny_put: push %rax\npop %rax\nret\n.size tiny_put, .-tiny_put\n"
	".type behind_tiny, @function\n.globl behind_tiny\nbehind_tiny: ret\n.size behind_tiny, .-behind_tiny\n");
void tiny_put(long *table);
void behind_tiny(void);

NOINLINE void touch_a(int which)
{
	static int (*const calls[])(long *, long) = { twice_put, lonely_put, cloned_put, partly_put };

	if (which == TINY) {
		tiny_put(names_table);
		behind_tiny();
	} else if (which == WHOLE) {
		inlined_put(hidden_table, which);
	} else {
		calls[which](names_table, which);
	}
	__asm__ volatile("" ::: "memory");
}

static int which_a, which_b;
static struct gate done;

static void *side_a(void *unused)
{
	touch_a(which_a);
	gate_open(&done);
	return unused;
}

static void *side_b(void *unused)
{
	gate_wait(&done, 1);
	touch_b(which_b);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t a, b;

	which_a = argc > 1 ? atoi(argv[1]) : 0;
	which_b = argc > 2 ? atoi(argv[2]) : 0;
	if (pthread_create(&a, NULL, side_a, NULL) || pthread_create(&b, NULL, side_b, NULL))
		return 1;
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	puts("done");
	return 0;
}
