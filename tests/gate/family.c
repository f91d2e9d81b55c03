/* SPDX-License-Identifier: MIT */
/*
 * family.c - a race on the environment in a process that was reached in one of several ways.
 *
 *	family here | fork | double | exec | chdir | clean | crash
 *
 * The reader comes first, by turns that librace does not see; with `clean`, a join lies between.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../examples/turns.h"

static void *reader(void *turn)
{
	if (getenv("FAMILY_ZONE"))
		puts("unexpected");
	if (turn)
		turn_over();
	return NULL;
}

static void race(int clean)
{
	pthread_t t;

	pthread_create(&t, NULL, reader, clean ? NULL : &t);
	if (clean)
		pthread_join(t, NULL);
	else
		turn_wait(1);
	setenv("FAMILY", "one", 1);
	if (!clean)
		pthread_join(t, NULL);
}

static int wait_all(void)
{
	int status, worst = 0;

	while (wait(&status) > 0)
		worst |= status;
	return worst != 0;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "here";

	if (!strcmp(how, "fork") || !strcmp(how, "double")) {
		if (fork())
			return wait_all();
		if (!strcmp(how, "double") && fork())
			return wait_all();
	}
	if (!strcmp(how, "exec")) {
		execl("/proc/self/exe", "family", "here", NULL);
		return 97;
	}
	if (!strcmp(how, "chdir") && (chdir("/") || execl("/proc/self/exe", "family", "here", NULL)))
		return 96;
	race(!strcmp(how, "clean"));
	if (!strcmp(how, "crash")) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		raise(SIGSEGV);
	}
	return 0;
}
