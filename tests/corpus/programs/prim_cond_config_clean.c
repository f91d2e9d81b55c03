/* CORPUS label=clean family=env primitive=cond atomics=none repeats=no twin=prim_cond_config_racy */
/* SPDX-License-Identifier: MIT */
/*
 * A worker waits until the loader says that the settings, kept in the environment, are complete.
 * The loader puts them in first and then says so.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { SETTINGS = 200 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t loaded = PTHREAD_COND_INITIALIZER;
static int is_loaded;

static void load(void)
{
	char value[24];

	for (int i = 0; i < SETTINGS; i++) {
		snprintf(value, sizeof(value), "%d", i);
		setenv("CORPUS_SETTING", value, 1);
	}
}

static void *worker(void *found)
{
	pthread_mutex_lock(&lock);
	while (!is_loaded)
		pthread_cond_wait(&loaded, &lock);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < SETTINGS; i++)
		*(int *)found += getenv("CORPUS_SETTING") != NULL;
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int found = 0;

	setenv("CORPUS_SETTING", "none", 1);
	pthread_create(&thread, NULL, worker, &found);
	load();
	pthread_mutex_lock(&lock);
	is_loaded = 1;
	pthread_cond_signal(&loaded);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	printf("%d settings read\n", found);
	return 0;
}
