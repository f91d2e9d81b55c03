/* SPDX-License-Identifier: MIT */
/*
 * objects_tell.c - prints what report/symbolize/objects.c finds: one line for each file given.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "report/symbolize/objects.h"

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct record_module m = { .base = 0 };
		char atomic[112], is_volatile[112];
		struct timespec from, to;
		struct objects o;
		int known;

		snprintf(m.path, sizeof(m.path), "%s", argv[i]);
		clock_gettime(CLOCK_MONOTONIC, &from);
		known = objects_of_module(&m, &o);
		clock_gettime(CLOCK_MONOTONIC, &to);
		objects_text(&o.first_atomic, atomic, sizeof(atomic));
		objects_text(&o.first_volatile, is_volatile, sizeof(is_volatile));
		printf("%s atomics=%u volatiles=%u all=%d [%s] [%s]\n", known ? "known" : "unknown", o.atomics, o.volatiles, o.all, atomic,
		       is_volatile);
		fprintf(stderr, "%s: %.1f ms\n", argv[i], 1e3 * (double)(to.tv_sec - from.tv_sec) + 1e-6 * (double)(to.tv_nsec - from.tv_nsec));
	}
	return 0;
}
