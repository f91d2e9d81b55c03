/* CORPUS label=racy family=tsearch primitive=pthread_spin atomics=none repeats=yes twin=prim_spin_counters_clean cause=different-locks */
/* SPDX-License-Identifier: MIT */
/*
 * Two collectors count events by name in one tree, under a spin lock.
 * Each collector has a spin lock of its own.
 */
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct event {
	char name[12];
	long count;
};

enum { NAMES = 10, EVENTS = 3000 };

static struct event names[NAMES];
static void *by_name;
static pthread_spinlock_t locks[2];

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct event *)a)->name, ((const struct event *)b)->name);
}

static void *collector(void *arg)
{
	struct event key;
	pthread_spinlock_t *lock = &locks[*(int *)arg];

	for (int i = 0; i < EVENTS; i++) {
		struct event **found;

		snprintf(key.name, sizeof(key.name), "event-%d", i * 3 % NAMES);
		pthread_spin_lock(lock);
		found = tsearch(&key, &by_name, compare); /* all names are there already */
		(*found)->count++;
		pthread_spin_unlock(lock);
	}
	return arg;
}

int main(void)
{
	pthread_t threads[2];
	int ids[2] = { 0, 1 };

	pthread_spin_init(&locks[0], PTHREAD_PROCESS_PRIVATE);
	pthread_spin_init(&locks[1], PTHREAD_PROCESS_PRIVATE);
	for (int i = 0; i < NAMES; i++) {
		snprintf(names[i].name, sizeof(names[i].name), "event-%d", i);
		if (!tsearch(&names[i], &by_name, compare))
			abort();
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, collector, &ids[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("%d events counted\n", 2 * EVENTS);
	return 0;
}
