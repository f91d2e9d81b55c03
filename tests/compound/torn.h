/* SPDX-License-Identifier: MIT */
/*
 * torn.h - the scenarios of a map that is looked at and then changed: `PROGRAM NAME` runs one, `PROGRAM --list` names them.
 *
 * A program brings the map: look, put, drop, by map (0, 1) and key (0, 1). Every call is made under one mutex; a gate orders
 * the two threads, and librace cannot see it. In `torn_...` the other thread writes between the look-up and the act; `fine_...`
 * differs in one place. FINDS_UNSEEN: librace is not told whether a look-up found the key.
 */
#ifndef TESTS_TORN_H
#define TESTS_TORN_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate.h"

static void make(void);
static int look(int map, int key);
static void put(int map, int key);
static void drop(int map, int key);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct gate looked, written;
static const char *const names[] = { "alder", "birch" };
static volatile int seen;

/* Keeps the call before it from becoming a jump, and equal functions from becoming one. */
#define STAY(name) __asm__ volatile("/* " #name " */" ::: "memory")
#define PLACE static __attribute__((noinline, unused)) void

PLACE a_looks(int map, int key) { seen += look(map, key); STAY(a_looks); }
PLACE a_puts(int map, int key) { put(map, key); STAY(a_puts); }
PLACE a_drops(int map, int key) { drop(map, key); STAY(a_drops); }
PLACE b_looks(int map, int key) { seen += look(map, key); STAY(b_looks); }
PLACE b_puts(int map, int key) { put(map, key); STAY(b_puts); }
PLACE b_drops(int map, int key) { drop(map, key); STAY(b_drops); }
PLACE start_puts(int map, int key) { put(map, key); STAY(start_puts); }

#define HOLD(what)                                                                                                   \
	do {                                                                                                         \
		pthread_mutex_lock(&lock);                                                                           \
		what;                                                                                                \
		pthread_mutex_unlock(&lock);                                                                         \
	} while (0)

/* before: by the main thread; check, act: of A, with what B does between the two; late: of A, just before it acts */
#define SCENARIO(name, before, check, between, late, act)                                                            \
	PLACE name##_before(void) { before; }                                                                        \
	PLACE name##_check(void) { check; }                                                                          \
	PLACE name##_between(void) { between; }                                                                      \
	PLACE name##_late(void) { late; }                                                                            \
	PLACE name##_act(void) { act; }
#define IS(name) { #name, name##_before, name##_check, name##_between, name##_late, name##_act }

SCENARIO(torn_insert, , HOLD(a_looks(0, 0)), HOLD(b_puts(0, 0)), , HOLD(a_puts(0, 0)))
SCENARIO(torn_insert_by_both, , HOLD(a_looks(0, 0)), HOLD(b_looks(0, 0)); HOLD(b_puts(0, 0)), , HOLD(a_puts(0, 0)))
SCENARIO(torn_update, start_puts(0, 0), HOLD(a_looks(0, 0)), HOLD(b_puts(0, 0)), , HOLD(a_puts(0, 0)))
SCENARIO(torn_remove, start_puts(0, 0), HOLD(a_looks(0, 0)), HOLD(b_puts(0, 0)), , HOLD(a_drops(0, 0)))
SCENARIO(torn_remove_twice, start_puts(0, 0), HOLD(a_looks(0, 0)), HOLD(b_drops(0, 0)), , HOLD(a_drops(0, 0)))

SCENARIO(fine_one_hold, , , HOLD(b_puts(0, 0)), , HOLD(a_looks(0, 0); a_puts(0, 0)))
SCENARIO(fine_looked_again, , HOLD(a_looks(0, 0)), HOLD(b_puts(0, 0)), , HOLD(a_looks(0, 0); a_puts(0, 0)))
SCENARIO(fine_looked_again_apart, , HOLD(a_looks(0, 0)), HOLD(b_puts(0, 0)), HOLD(a_looks(0, 0)), HOLD(a_puts(0, 0)))
SCENARIO(fine_other_key, , HOLD(a_looks(0, 0)), HOLD(b_puts(0, 1)), , HOLD(a_puts(0, 0)))
SCENARIO(fine_other_key_looked, , HOLD(a_looks(0, 1)), HOLD(b_puts(0, 0)), , HOLD(a_puts(0, 0)))
SCENARIO(fine_other_map, , HOLD(a_looks(0, 0)), HOLD(b_puts(1, 0)), , HOLD(a_puts(0, 0)))
SCENARIO(fine_written_before, , , HOLD(b_puts(0, 0)), HOLD(a_looks(0, 0)), HOLD(a_puts(0, 0)))
SCENARIO(fine_own_write, , HOLD(a_looks(0, 0)), , HOLD(a_puts(0, 0)), HOLD(a_puts(0, 0)))
SCENARIO(fine_only_looked, , HOLD(a_looks(0, 0)), HOLD(b_looks(0, 0)), , HOLD(a_puts(0, 0)))
SCENARIO(fine_no_act, , HOLD(a_looks(0, 0)), HOLD(b_puts(0, 0)), , HOLD(a_looks(0, 0)))
SCENARIO(fine_nothing_dropped, , HOLD(a_looks(0, 0)), HOLD(b_drops(0, 0)), , HOLD(a_puts(0, 0)))

static const struct scenario {
	const char *name;
	void (*before)(void), (*check)(void), (*between)(void), (*late)(void), (*act)(void);
} list[] = {
	IS(torn_insert), IS(torn_insert_by_both), IS(torn_update), IS(torn_remove), IS(torn_remove_twice), IS(fine_one_hold),
	IS(fine_looked_again), IS(fine_looked_again_apart), IS(fine_other_key), IS(fine_other_key_looked), IS(fine_other_map),
	IS(fine_written_before), IS(fine_own_write), IS(fine_only_looked), IS(fine_no_act),
#ifndef FINDS_UNSEEN
	IS(fine_nothing_dropped),
#endif
}, *now;

static void *a_side(void *unused)
{
	now->check();
	gate_open(&looked);
	gate_wait(&written, 1);
	now->late();
	now->act();
	return unused;
}

static void *b_side(void *unused)
{
	gate_wait(&looked, 1);
	now->between();
	gate_open(&written);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t a, b;

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (argc > 1 && !strcmp(argv[1], "--list"))
			puts(list[i].name);
		else if (argc > 1 && !strcmp(argv[1], list[i].name))
			now = &list[i];
	}
	if (!now)
		return argc > 1 && !strcmp(argv[1], "--list") ? 0 : 2;
	make();
	now->before();
	if (pthread_create(&a, NULL, a_side, NULL) || pthread_create(&b, NULL, b_side, NULL))
		abort();
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	puts("done");
	return 0;
}

#endif
