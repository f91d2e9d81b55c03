/* SPDX-License-Identifier: MIT */
/*
 * demo_run.c - runs the program of demo_program.c: this command once more, with librace.so preloaded.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "demo.h"
#include "../util/room.h"

#define MOST (1 << 20) /* of what it prints is kept */

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t time_ns(const struct timeval *t)
{
	return (int64_t)t->tv_sec * 1000000000 + (int64_t)t->tv_usec * 1000;
}

static void become(const char *library, int fixed, const char *options, int to)
{
	char *const argv[] = { "race", "demo", fixed ? "--program=fixed" : "--program=racy", NULL };
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(to, 2) < 0)
		_exit(127);
	if (setenv("LD_PRELOAD", library, 1) || setenv("RACE_OPTIONS", options, 1))
		_exit(127);
	execv("/proc/self/exe", argv);
	_exit(127);
}

int demo_run(const char *library, int fixed, const char *options, struct demo_run *run)
{
	int64_t start = now_ns();
	int pipes[2], status = 0;
	struct rusage used = { 0 };
	ssize_t n;
	pid_t pid;

	*run = (struct demo_run){ .text = room(1, MOST + 1), .status = -1 };
	if (!run->text || pipe2(pipes, O_CLOEXEC) != 0) {
		demo_free(run);
		return -1;
	}
	pid = fork();
	if (pid == 0)
		become(library, fixed, options, pipes[1]);
	close(pipes[1]);
	while (pid > 0 && run->bytes < MOST) {
		n = read(pipes[0], run->text + run->bytes, MOST - run->bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		run->bytes += (size_t)n;
	}
	close(pipes[0]);
	run->text[run->bytes] = 0;
	if (pid < 0) {
		demo_free(run);
		return -1;
	}
	while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR)
		;
	run->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	run->ns = now_ns() - start;
	run->cpu_ns = time_ns(&used.ru_utime) + time_ns(&used.ru_stime);
	return 0;
}

void demo_free(struct demo_run *run)
{
	free(run->text);
	run->text = NULL;
}
