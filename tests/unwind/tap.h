/* SPDX-License-Identifier: MIT */
/*
 * tap.h - one line per test on stdout: ok NAME, not ok NAME: reason, not run NAME: reason.
 */
#ifndef RACE_TESTS_UNWIND_TAP_H
#define RACE_TESTS_UNWIND_TAP_H

#include <stdarg.h>
#include <stdio.h>

static int tap_failed;

__attribute__((unused, format(printf, 3, 4))) static void tap(int passed, const char *name, const char *reason, ...)
{
	va_list ap;

	if (passed) {
		printf("ok %s\n", name);
	} else {
		tap_failed = 1;
		printf("not ok %s: ", name);
		va_start(ap, reason);
		vprintf(reason, ap);
		va_end(ap);
		putchar('\n');
	}
	fflush(stdout);
}

__attribute__((unused)) static void tap_not_run(const char *name, const char *reason)
{
	printf("not run %s: %s\n", name, reason);
	fflush(stdout);
}

#endif
