/* CORPUS label=clean family=tsearch primitive=pthread_spin atomics=none repeats=no twin=prim_spin_counters_racy */
/* SPDX-License-Identifier: MIT */
/*
 * Two collectors count events by name in one tree, under a spin lock.
 * There is one spin lock for both.
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
static pthread_spinlock_t lock;

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct event *)a)->name, ((const struct event *)b)->name);
}

static void *collector(void *arg)
{
	struct event key;

	for (int i = 0; i < EVENTS; i++) {
		struct event **found;

		snprintf(key.name, sizeof(key.name), "event-%d", i * 3 % NAMES);
		pthread_spin_lock(&lock);
		found = tsearch(&key, &by_name, compare); /* all names are there already */
		(*found)->count++;
		pthread_spin_unlock(&lock);
	}
	return arg;
}

int main(void)
{
	pthread_t threads[2];
	int ids[2] = { 0, 1 };

	pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
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
