/* SPDX-License-Identifier: MIT */
/*
 * atomic.c - a program with an atomic counter of its own. `atomic once`: two insertions, one after the other, that nothing orders.
 * `atomic often`: two threads insert all the time. `atomic locked`: the same, under a spin lock that nobody can see. `atomic turns`:
 * two threads insert in turn, and sleep meanwhile, which nobody can see either: whoever is held is followed by the other one at once.
 */
#include "../../e2e/gate.h"

#include <pthread.h>
#include <search.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static atomic_long inserted;
static atomic_flag busy = ATOMIC_FLAG_INIT;
static int locked, often;
static void *root;
static struct gate first_done, turns;
static pthread_barrier_t start;
static long numbers[2][64];

static int compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static void put(long *number)
{
	while (locked && atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
		;
	tfind(number, &root, compare);
	if (locked)
		atomic_flag_clear_explicit(&busy, memory_order_release);
	atomic_fetch_add(&inserted, 1);
}

__attribute__((noinline)) static void change(long *number)
{
	while (locked && atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
		;
	tsearch(number, &root, compare);
	if (locked)
		atomic_flag_clear_explicit(&busy, memory_order_release);
	atomic_fetch_add(&inserted, 1);
}

static void *side_in_turn(void *which)
{
	for (int i = 0; i < 64; i++) {
		gate_wait(&turns, 2 * i + (which != NULL));
		change(&numbers[which != NULL][i]);
		gate_open(&turns);
	}
	return NULL;
}

static void *side(void *which)
{
	long *mine = numbers[which != NULL];

	if (!often) {
		if (which)
			gate_wait(&first_done, 1);
		change(&mine[0]);
		if (!which)
			gate_open(&first_done);
		return NULL;
	}
	pthread_barrier_wait(&start);
	/* All numbers are in the tree before: nothing moves, so that the race does no harm. */
	for (int round = 0; round < 200000; round++) {
		change(&mine[round % 64]);
		put(&numbers[0][round % 64]);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int in_turn = argc > 1 && !strcmp(argv[1], "turns");
	pthread_t a, b;

	often = argc > 1 && !in_turn && strcmp(argv[1], "once") != 0;
	locked = argc > 1 && !strcmp(argv[1], "locked");
	for (int i = 0; i < 128; i++) {
		numbers[i / 64][i % 64] = i;
		if (often)
			tsearch(&numbers[i / 64][i % 64], &root, compare);
	}
	pthread_barrier_init(&start, NULL, 2);
	pthread_create(&a, NULL, in_turn ? side_in_turn : side, NULL);
	pthread_create(&b, NULL, in_turn ? side_in_turn : side, numbers);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	puts("done");
	return 0;
}
