/* CORPUS label=racy family=env primitive=cond atomics=none repeats=yes twin=prim_cond_config_clean */
/* SPDX-License-Identifier: MIT */
/*
 * A worker waits until the loader says that the settings, kept in the environment, are complete.
 * The loader says so first and then puts them in.
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
	pthread_mutex_lock(&lock);
	is_loaded = 1;
	pthread_cond_signal(&loaded);
	pthread_mutex_unlock(&lock);
	load();
	pthread_join(thread, NULL);
	printf("%d settings read\n", found);
	return 0;
}
