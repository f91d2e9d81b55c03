/* SPDX-License-Identifier: MIT */
/*
 * recipe.h - the frame of the programs that docs/recipes.md and docs/hidden-orders.md quote.
 *
 * `PROGRAM NAME` runs one way of doing it; `PROGRAM --list` prints a line for each: its name, and `silent` or `reported`.
 * The wrong ways use a gate (tests/e2e/gate.h): an order that librace cannot see keeps their accesses apart, so that they do
 * no harm and are there in every run.
 */
#ifndef TESTS_RECIPE_H
#define TESTS_RECIPE_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate.h"
#include "librace.h"

#ifdef UNANNOTATED /* the same program, its orders untold */
#undef race_release
#undef race_acquire
#undef race_ignore_begin
#undef race_ignore_end
#define race_release(obj) ((void)(obj))
#define race_acquire(obj) ((void)(obj))
#define race_ignore_begin() ((void)0)
#define race_ignore_end() ((void)0)
#define AnnotateRWLockAcquired(file, line, lock, is_writer) ((void)(lock))
#define AnnotateRWLockReleased(file, line, lock, is_writer) ((void)(lock))
#endif

struct recipe {
	const char *name;
	void (*run)(void);
	const char *expected; /* "silent" or "reported" */
};

static struct gate first_done __attribute__((unused));

static inline pthread_t start(void *(*routine)(void *), void *argument)
{
	pthread_t t;

	if (pthread_create(&t, NULL, routine, argument))
		abort();
	return t;
}

static inline void both(void *(*one)(void *), void *(*other)(void *))
{
	pthread_t a = start(one, NULL), b = start(other, NULL);

	pthread_join(a, NULL);
	pthread_join(b, NULL);
}

static inline int recipe_main(int argc, char **argv, const struct recipe *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (argc > 1 && !strcmp(argv[1], "--list")) {
			printf("%s %s\n", list[i].name, list[i].expected);
		} else if (argc > 1 && !strcmp(argv[1], list[i].name)) {
			list[i].run();
			puts("done");
			return 0;
		}
	}
	return argc > 1 && !strcmp(argv[1], "--list") ? 0 : 2;
}

#define RECIPES(...)                                                                          \
	int main(int argc, char **argv)                                                       \
	{                                                                                     \
		static const struct recipe list[] = { __VA_ARGS__ };                          \
		return recipe_main(argc, argv, list, sizeof(list) / sizeof(list[0]));         \
	}

#endif
