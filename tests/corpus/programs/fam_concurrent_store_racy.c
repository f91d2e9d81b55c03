/* CORPUS label=racy family=concurrent primitive=pthread_mutex atomics=none repeats=yes twin=fam_concurrent_store_clean cause=unsynchronised rules=fam_concurrent_store_racy.rules */
/* SPDX-License-Identifier: MIT */
/*
 * A store of counters for events.
 * Its functions take no lock, and neither does who calls them. The rules call it an ordinary table.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define EVENTS 64

struct store {
	pthread_mutex_t lock;
	unsigned long count[EVENTS];
};

static pthread_barrier_t ready, ready_over;

__attribute__((noipa)) struct store *store_new(void)
{
	struct store *s = calloc(1, sizeof *s);

	pthread_mutex_init(&s->lock, NULL);
	return s;
}

__attribute__((noipa)) void store_count(struct store *s, unsigned event)
{
	s->count[event % EVENTS]++;
}

__attribute__((noipa)) unsigned long store_sum(struct store *s)
{
	unsigned long sum = 0;

	for (int i = 0; i < EVENTS; i++)
		sum += s->count[i];
	return sum;
}

static void *source(void *store)
{
	pthread_barrier_wait(&ready);
	for (unsigned i = 0; i < 2000; i++)
		store_count(store, i * 11);
	pthread_barrier_wait(&ready_over);
	return NULL;
}

int main(void)
{
	struct store *store = store_new();
	unsigned long sum = 0;
	pthread_t thread;

	pthread_barrier_init(&ready, NULL, 2);

	pthread_barrier_init(&ready_over, NULL, 2);
	pthread_create(&thread, NULL, source, store);
	pthread_barrier_wait(&ready);
	for (unsigned i = 0; i < 1000; i++) {
		store_count(store, i);
		sum += store_sum(store) > 0;
	}
	pthread_barrier_wait(&ready_over);
	pthread_join(thread, NULL);
	printf("events %s\n", sum ? "counted" : "lost");
	free(store);
	return 0;
}
