/* CORPUS label=clean family=env primitive=sem atomics=none repeats=no twin=fam_env_child_racy */
/* SPDX-License-Identifier: MIT */
/*
 * A launcher prepares the environment of a plug-in, then gives the plug-in's thread a sign to go.
 * All of them are set before.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sem_t go;
static char trace[] = "PLUGIN_TRACE=off", path[] = "PLUGIN_PATH=/opt/plugins";

static void *plugin(void *unused)
{
	const char *where;

	(void)unused;
	while (sem_wait(&go) != 0)
		;
	where = getenv("PLUGIN_PATH");
	return (void *)(where ? strlen(where) : 0);
}

int main(void)
{
	pthread_t thread;
	void *length;

	sem_init(&go, 0, 0);
	setenv("PLUGIN_TRACE", "unset", 1);
	putenv(path);
	pthread_create(&thread, NULL, plugin, NULL);
	putenv(trace);
	sem_post(&go);
	pthread_join(thread, &length);
	sem_destroy(&go);
	printf("path of %zu characters\n", (size_t)length);
	return 0;
}
