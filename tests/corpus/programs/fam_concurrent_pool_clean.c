/* CORPUS label=clean family=concurrent primitive=join atomics=none repeats=no twin=fam_concurrent_pool_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: -Iinclude */
/*
 * A registry of buffers that locks inside itself, annotated as RACE_CONCURRENT: calls of it may
 * meet, its death may not.
 * Main joins the thread, then closes the registry.
 */
#include <pthread.h>
#include <stdio.h>

#include "librace.h"

#define BUFFERS 16

static struct {
	pthread_mutex_t lock;
	int used[BUFFERS], open;
} registry = { .lock = PTHREAD_MUTEX_INITIALIZER, .open = 1 };

static int buffer_take(void)
{
	int taken = -1;

	race_begin(&registry, RACE_OP_INSERT, RACE_NO_BUCKET, 0, RACE_KEY_NONE);
	pthread_mutex_lock(&registry.lock);
	for (int i = 0; registry.open && i < BUFFERS && taken < 0; i++)
		if (!registry.used[i])
			registry.used[taken = i] = 1;
	pthread_mutex_unlock(&registry.lock);
	race_end(&registry);
	return taken;
}

static void registry_close(void)
{
	race_map_destroy(&registry);
	registry.open = 0;
}

static void *worker(void *unused)
{
	long taken = 0;

	(void)unused;
	for (int i = 0; i < 4; i++)
		taken += buffer_take() >= 0;
	return (void *)taken;
}

int main(void)
{
	pthread_t thread;
	void *taken;
	int first;

	race_map_create(&registry, "buffer registry", RACE_CONCURRENT);
	first = buffer_take();
	pthread_create(&thread, NULL, worker, NULL);
	pthread_join(thread, &taken);
	registry_close();
	printf("%s\n", first + (long)taken <= 4 ? "buffers taken" : "too many buffers");
	return 0;
}
