/* SPDX-License-Identifier: MIT */
/*
 * twins.h - the frame of a program of twins: `PROGRAM NAME [racy]` runs one scenario, `PROGRAM --list` names them.
 *
 * Each scenario orders an access of side A before one of side B by one primitive; its racy twin differs in one place
 * only (another lock, or the access after the release instead of before it) and must be reported, the other must stay
 * silent. In both, a gate makes A's access end before B's begins, so that only the order librace sees can tell them
 * apart.
 */
#ifndef TESTS_TWINS_H
#define TESTS_TWINS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gate.h"
#include "touch.h"

static int racy __attribute__((unused));
static struct gate a_done __attribute__((unused));

#define MUST(call)                                                                                                   \
	do {                                                                                                         \
		int must_ = (call);                                                                                  \
		if (must_) {                                                                                         \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, strerror(must_));              \
			abort();                                                                                     \
		}                                                                                                    \
	} while (0)

/* Far away, so that no timed form ever times out. */
static inline struct timespec far(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_sec += 100;
	return t;
}

struct scenario {
	const char *name;
	void *(*a)(void *), *(*b)(void *); /* two threads; b NULL: a is the whole scenario and makes its own threads */
};

static inline void run_sides(const struct scenario *s)
{
	pthread_t a, b;

	if (!s->b) {
		s->a(NULL);
		return;
	}
	MUST(pthread_create(&a, NULL, s->a, NULL));
	MUST(pthread_create(&b, NULL, s->b, NULL));
	MUST(pthread_join(a, NULL));
	MUST(pthread_join(b, NULL));
}

static inline int twins_main(int argc, char **argv, const struct scenario *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (argc == 2 && !strcmp(argv[1], "--list"))
			puts(list[i].name);
		else if (argc > 1 && !strcmp(argv[1], list[i].name)) {
			racy = argc > 2 && !strcmp(argv[2], "racy");
			run_sides(&list[i]);
			puts("done");
			return 0;
		}
	}
	return argc == 2 && !strcmp(argv[1], "--list") ? 0 : 2;
}

/* Both sides take a lock around their access; the racy twin's side B takes another one. L is the lock to take. */
#define LOCKED(name, lock_a, access_a, unlock_a, lock_b, access_b, unlock_b)                                         \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		enum { L = 0 };                                                                                      \
		lock_a;                                                                                              \
		access_a;                                                                                            \
		unlock_a;                                                                                            \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		const int L = racy;                                                                                  \
		(void)L;                                                                                             \
		gate_wait(&a_done, 1);                                                                               \
		lock_b;                                                                                              \
		access_b;                                                                                            \
		unlock_b;                                                                                            \
		return unused;                                                                                       \
	}

/* Side A gives something that side B takes; in the racy twin A's access comes after the giving. */
#define HANDOVER(name, give, take)                                                                                   \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		if (!racy)                                                                                           \
			touch_a();                                                                                   \
		give;                                                                                                \
		if (racy)                                                                                            \
			touch_a();                                                                                   \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&a_done, 1);                                                                               \
		take;                                                                                                \
		touch_b();                                                                                           \
		return unused;                                                                                       \
	}

#define SIDES(name) { #name, name##_a, name##_b }
#define ALONE(name) { #name, name##_alone, NULL }

#endif
