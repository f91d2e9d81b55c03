/* SPDX-License-Identifier: MIT */
/*
 * environment_fixed.c - the twin of environment_race.c: the environment is complete before the first thread starts.
 *
 *	thread    function        order
 *	main      child_setup     before pthread_create
 *	logger    log_stamp       after it
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const char *log_stamp(void)
{
	const char *zone = getenv("LOG_ZONE");

	return zone ? zone : "UTC";
}

static void *logger(void *arg)
{
	const char **zone = arg;

	*zone = log_stamp();
	return NULL;
}

static void child_setup(const char *socket)
{
	int failed = setenv("NOTIFY_SOCKET", socket, 1);

	if (failed)
		perror("setenv");
}

int main(void)
{
	const char *zone = NULL;
	pthread_t thread;

	child_setup("/run/notify");
	pthread_create(&thread, NULL, logger, &zone);
	pthread_join(thread, NULL);
	printf("logging in %s, notifying %s\n", zone, getenv("NOTIFY_SOCKET"));
	return 0;
}
