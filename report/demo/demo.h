/* SPDX-License-Identifier: MIT */
/*
 * demo.h - a small racy program inside the command, and running it under librace.so: for `race demo` and `race selftest`.
 */
#ifndef RACE_REPORT_DEMO_H
#define RACE_REPORT_DEMO_H

#include <stddef.h>
#include <stdint.h>

/* The program itself, in a process that librace.so is loaded into: main and one thread share a tree of tsearch(). 0. */
int demo_program(int fixed);

struct demo_run {
	char *text;    /* what came on stderr: to free; "" when nothing did */
	size_t bytes;
	int status;    /* as a shell would say it; -1: it could not be started */
	int64_t ns;    /* how long it took, */
	int64_t cpu_ns; /* and how much of a processor, which a busy machine does not change */
};

/*
 * Runs the program with `library` preloaded and these RACE_OPTIONS, in place of the user's. It cannot hang: the kernel ends it
 * after a minute. 0; or -1 when no process could be started.
 */
int demo_run(const char *library, int fixed, const char *options, struct demo_run *run);
void demo_free(struct demo_run *run);

#endif
