/* SPDX-License-Identifier: MIT */
/*
 * pairs.h - a test is two pieces of code: `first` in a second thread, then `second` in the main thread, in an order
 * that librace cannot see. `program list` prints each name with what must be reported; `program NAME` runs one.
 */
#ifndef TESTS_ANNOTATIONS_PAIRS_H
#define TESTS_ANNOTATIONS_PAIRS_H

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "../e2e/gate.h"

struct pair {
	const char *name, *expected; /* "silent", or words of the report */
	void (*before)(void);        /* in the main thread, before the other exists; may be NULL */
	void (*first)(void), (*second)(void);
};

static struct gate pair_gate; /* opened once by the first's end; a pair may open it further itself */
static const struct pair *pair_now;

static void *pair_thread(void *arg)
{
	(void)arg;
	pair_now->first();
	gate_open(&pair_gate);
	return NULL;
}

static int pairs_main(const struct pair *pairs, int argc, char **argv)
{
	pthread_t thread;

	for (const struct pair *p = pairs; p->name; p++) {
		if (argc == 2 && strcmp(argv[1], "list") == 0) {
			printf("%s %s\n", p->name, p->expected);
		} else if (argc == 2 && strcmp(argv[1], p->name) == 0) {
			pair_now = p;
			if (p->before)
				p->before();
			if (pthread_create(&thread, NULL, pair_thread, NULL) != 0)
				return 2;
			gate_wait(&pair_gate, 1);
			p->second();
			pthread_join(thread, NULL);
			return 0;
		}
	}
	return argc == 2 && strcmp(argv[1], "list") == 0 ? 0 : 2;
}

#endif
