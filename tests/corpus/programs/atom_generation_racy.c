/* CORPUS label=racy family=jansson primitive=atomic_counter atomics=own repeats=yes twin=atom_generation_clean cause=published_too_early */
/* SPDX-License-Identifier: MIT */
/* BUILD: jansson */
/*
 * A configuration has generations, each one a JSON object of its own. The updater builds the next one while requests
 * are served with the newest; a number says which one that is, and it never goes back.
 * The number is raised before the new generation is filled.
 */
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { GENERATIONS = 200 };

static json_t *configs[GENERATIONS + 1];
static atomic_uint generation;

static void configure(json_t *config, int n)
{
	json_object_set_new(config, "limit", json_integer(10 + n));
	json_object_set_new(config, "burst", n % 2 ? json_true() : json_false());
}

static void *updater(void *arg)
{
	const struct timespec pause = { 0, 100000 };

	for (unsigned n = 1; n <= GENERATIONS; n++) {
		atomic_store_explicit(&generation, n, memory_order_release);
		configure(configs[n], n);
		nanosleep(&pause, NULL);
	}
	return arg;
}

static void *server(void *arg)
{
	long *served = arg;
	unsigned now;

	do {
		now = atomic_load_explicit(&generation, memory_order_acquire);
		for (int i = 0; i < 20; i++)
			*served += json_object_get(configs[now], "burst") != NULL;
	} while (now < GENERATIONS);
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	long served = 0;

	for (int n = 0; n <= GENERATIONS; n++)
		configs[n] = json_object();
	configure(configs[0], 0);
	pthread_create(&threads[0], NULL, server, &served);
	pthread_create(&threads[1], NULL, updater, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (int n = 0; n <= GENERATIONS; n++)
		json_decref(configs[n]);
	printf("%d generations, %s\n", GENERATIONS, served >= 0 ? "served" : "not served");
	return 0;
}
