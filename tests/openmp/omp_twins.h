/* SPDX-License-Identifier: MIT */
/*
 * omp_twins.h - the frame of programs of twins: `PROGRAM NAME` is correct, `PROGRAM NAME racy` does the same without the order, or
 * with the wrong one. Two threads, and gates (tests/e2e/gate.h) that say who comes first, in both.
 */
#ifndef TESTS_OMP_TWINS_H
#define TESTS_OMP_TWINS_H

#include <map>

#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "../e2e/gate.h"

static std::map<int, int> m;
static gate turn, here __attribute__((unused)), end __attribute__((unused));
static bool racy;

/* Always a new key, or nothing is called: looking up is inlined. */
static __attribute__((noinline)) void put_into(std::map<int, int> &map, int key)
{
	map[key] = key;
	__asm__ volatile("" ::: "memory");
}

static inline void put(int key)
{
	put_into(m, key);
}

/* Thread 0 first, then thread 1. */
template <typename A, typename B> static inline void in_turn(A first, B second)
{
	if (omp_get_thread_num() == 0) {
		first();
		gate_open(&turn);
	} else {
		gate_wait(&turn, 1);
		second();
	}
}

/* In the racy twin only: one access after the other, and no order. */
static inline void race()
{
	if (racy)
		in_turn([] { put(1000); }, [] { put(1001); });
}

/* A region before ours, so that the pool's threads are not new ones: their creation would order what came before. */
static void warm()
{
#pragma omp parallel num_threads(3)
	__asm__ volatile("" ::: "memory");
#pragma omp parallel num_threads(2)
	__asm__ volatile("" ::: "memory");
}

struct twin {
	const char *name;
	void (*run)();
};
#define TWIN(name) {#name, name}

template <size_t n> static int twins_main(int argc, char **argv, const twin (&twins)[n])
{
	racy = argc > 2;
	for (const twin &t : twins) {
		if (argc < 2) {
			puts(t.name);
		} else if (!strcmp(argv[1], t.name)) {
			warm();
			t.run();
			printf("done\n");
		}
	}
	return 0;
}

#endif
