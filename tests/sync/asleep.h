/* SPDX-License-Identifier: MIT */
/*
 * asleep.h - waiting until another thread sleeps: a way of knowing that orders nothing.
 *
 * The kernel tells the number and the arguments of the call in which a thread sleeps. The program under test is not alone in its
 * process: librace's own locks sleep in a futex, too. So a futex is looked for by the address of its word, or, where that is a
 * library's secret, by who has called.
 */
#ifndef TESTS_ASLEEP_H
#define TESTS_ASLEEP_H

#include "twins.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* The number, six arguments, the stack pointer, the place of the call. 0: the thread does not sleep in a system call. */
static inline int sleeps_in(pid_t tid, unsigned long *words)
{
	char path[64], text[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = pread(fd, text, sizeof(text) - 1, 0);
	close(fd);
	text[n < 0 ? 0 : n] = 0;
	return sscanf(text, "%lu %lx %lx %lx %lx %lx %lx %lx %lx", &words[0], &words[1], &words[2], &words[3], &words[4], &words[5], &words[6],
		      &words[7], &words[8]) == 9;
}

/* Returns once that thread sleeps in a system call that it makes nowhere else by then. */
static inline void asleep_in(pid_t tid, int number)
{
	unsigned long words[9];

	while (!sleeps_in(tid, words) || words[0] != (unsigned long)number)
		sched_yield();
}

/* The same of a futex within this object. */
static inline void asleep_on(pid_t tid, const void *object, size_t bytes)
{
	unsigned long words[9];

	while (!sleeps_in(tid, words) || words[0] != SYS_futex || words[1] - (uintptr_t)object >= bytes)
		sched_yield();
}

/* The same of any futex but librace's. */
static inline void asleep(pid_t tid)
{
	unsigned long words[9];
	Dl_info info;

	while (!sleeps_in(tid, words) || words[0] != SYS_futex || !dladdr((void *)(uintptr_t)words[8], &info) ||
	       strstr(info.dli_fname, "librace"))
		sched_yield();
}

#endif
