/* SPDX-License-Identifier: MIT */
/*
 * launch.c - runs a command N times and prints one line for each: CPU ns (user + system), wall ns, peak KiB, status
 * (-SIGNAL when killed). `launch [-n N] [-t SECONDS] [-o STDOUT] [-s STDERR] [-e NAME=VALUE] -- CMD ...`
 *
 * A small program of its own because ru_maxrss of a child starts at the size of the process that forked it, and a
 * Python interpreter is larger than most of what is measured. The environment is changed in the child only. What CMD
 * prints is appended to the files given, or goes nowhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t nanoseconds(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000u;
}

int main(int argc, char **argv)
{
	int n = 1, limit = 0, opt;
	const char *out = "/dev/null", *err = "/dev/null";
	char *set[16];
	int nset = 0;

	while ((opt = getopt(argc, argv, "+n:t:o:s:e:")) != -1) {
		if (opt == 'n')
			n = atoi(optarg);
		else if (opt == 't')
			limit = atoi(optarg);
		else if (opt == 'o')
			out = optarg;
		else if (opt == 's')
			err = optarg;
		else if (opt == 'e' && nset < 16)
			set[nset++] = optarg;
		else
			return 2;
	}
	if (optind == argc)
		return 2;
	while (n--) {
		struct rusage use;
		int status;
		uint64_t from = now(), wall;
		pid_t child = fork();

		if (child < 0) {
			perror("fork");
			return 2;
		}
		if (!child) {
			int fd_out = open(out, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
			int fd_err = open(err, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
			int null = open("/dev/null", O_RDWR | O_CLOEXEC);

			dup2(null, 0);
			if (null < 0 || fd_out < 0 || fd_err < 0)
				_exit(126);
			dup2(fd_out, 1);
			dup2(fd_err, 2);
			if (limit)
				alarm((unsigned)limit); /* survives exec; its default action ends the command */
			for (int i = 0; i < nset; i++)
				putenv(set[i]);
			execvp(argv[optind], &argv[optind]);
			_exit(127);
		}
		while (wait4(child, &status, 0, &use) < 0)
			if (errno != EINTR) {
				perror("wait4");
				return 2;
			}
		wall = now() - from;
		printf("%llu %llu %ld %d\n", (unsigned long long)(nanoseconds(use.ru_utime) + nanoseconds(use.ru_stime)),
		       (unsigned long long)wall, use.ru_maxrss, WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status));
		fflush(stdout);
	}
	return 0;
}
