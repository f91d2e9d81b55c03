/* SPDX-License-Identifier: MIT */
/*
 * environment_race.c - one thread sets a variable while another one looks for one.
 *
 *	thread    function        lock    races
 *	logger    log_stamp       none    with setenv
 *	main      child_setup     none    with getenv
 *
 * The environment is a map too, the one of the whole process, and setenv() may move all of it. Modelled on a bug of a
 * system service manager; libraries call getenv() in places where nobody expects it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "turns.h"

static const char *log_stamp(void)
{
	const char *zone = getenv("LOG_ZONE"); /* RACE HERE */

	return zone ? zone : "UTC";
}

static void *logger(void *arg)
{
	const char **zone = arg;

	*zone = log_stamp();
	turn_over();
	return NULL;
}

static void child_setup(const char *socket)
{
	int failed = setenv("NOTIFY_SOCKET", socket, 1); /* RACE HERE */

	if (failed)
		perror("setenv");
}

int main(void)
{
	const char *zone = NULL;
	pthread_t thread;

	pthread_create(&thread, NULL, logger, &zone);
	turn_wait(1);
	child_setup("/run/notify");
	pthread_join(thread, NULL);
	printf("logging in %s, notifying %s\n", zone, getenv("NOTIFY_SOCKET"));
	return 0;
}
