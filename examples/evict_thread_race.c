/* SPDX-License-Identifier: MIT */
/*
 * evict_thread_race.c - one thread walks a live cache to sum it up while another evicts from it.
 *
 *	thread   function     lock          races
 *	stats    cache_sum    none          with the removal
 *	main     evict        cache_lock    with each step of the walk
 *
 * The same-thread form of this, which is no race, is evict_loop_race.c.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

#include "turns.h"

static GHashTable *cache;
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;

static int cache_sum(void)
{
	GHashTableIter at;
	gpointer bytes;
	int sum = 0;

	g_hash_table_iter_init(&at, cache); /* RACE HERE */
	while (g_hash_table_iter_next(&at, NULL, &bytes)) /* RACE HERE */
		sum += GPOINTER_TO_INT(bytes);
	return sum;
}

static void evict(int key)
{
	pthread_mutex_lock(&cache_lock);
	g_hash_table_remove(cache, GINT_TO_POINTER(key)); /* RACE HERE */
	pthread_mutex_unlock(&cache_lock);
}

static void *stats(void *arg)
{
	int *sum = arg;

	*sum = cache_sum();
	turn_over();
	turn_wait(2);
	*sum -= cache_sum();
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int sum = 0;

	cache = g_hash_table_new(g_direct_hash, g_direct_equal);
	for (int i = 1; i <= 7; i++)
		g_hash_table_insert(cache, GINT_TO_POINTER(i), GINT_TO_POINTER(10 * i));
	pthread_create(&thread, NULL, stats, &sum);
	turn_wait(1);
	evict(3);
	turn_over();
	pthread_join(thread, NULL);
	printf("%d bytes evicted\n", sum);
	g_hash_table_destroy(cache);
	return 0;
}
