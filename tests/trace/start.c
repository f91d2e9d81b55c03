/* SPDX-License-Identifier: MIT */
/*
 * start.c - calls trace_start() and trace_stop() as the control socket does: `start FILE OFFSET-OF-START OFFSET-OF-STOP`, offsets in
 * librace.so. Prints what each start returned; each recording holds a number of reads that tells it from the others. Of the one that ends by
 * its time, this program's own clock says how many it must hold, and how many it may: the last two numbers.
 */
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../include/librace.h"

static char map;
static uintptr_t base;

static int find(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	if (strstr(info->dlpi_name, "librace.so"))
		base = info->dlpi_addr;
	return 0;
}

static void reads(int n)
{
	for (int i = 0; i < n; i++) {
		race_read_begin(&map);
		race_read_end(&map);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	int (*start)(const char *path, unsigned seconds);
	void (*stop)(void);
	double before, after;
	int least = 0, most = 0;
	char other[4096];
	pid_t child;

	if (argc != 4)
		return 2;
	dl_iterate_phdr(find, NULL);
	start = (int (*)(const char *, unsigned))(base + strtoul(argv[2], NULL, 16));
	stop = (void (*)(void))(base + strtoul(argv[3], NULL, 16));
	snprintf(other, sizeof(other), "%s.other", argv[1]);

	printf("%d", start(argv[1], 0));
	reads(10);
	printf(" %d", start(other, 0)); /* busy */
	child = fork();
	if (child == 0) {
		reads(5); /* not asked for */
		_exit(0);
	}
	waitpid(child, NULL, 0);
	stop();
	reads(1);
	printf(" %d", start(other, 0));
	for (int fd = 3; fd < 1024; fd++)
		close(fd); /* a program that closes what it does not know */
	reads(40000);
	stop();
	before = now();
	printf(" %d", start(argv[1], 1)); /* anew */
	after = now();
	for (int i = 0; i < 3; i++) {
		most += now() < after + 1.1;
		reads(1);
		least += now() < before + 0.9;
	}
	while (now() < after + 1.2)
		;
	reads(7); /* the time is over */
	stop();
	printf(" %d", start("/nonexistent/folder/t", 0));
	printf(" %d %d\n", least, most);
	reads(1);
	return 0;
}
