/* SPDX-License-Identifier: MIT */
/*
 * evict_thread_fixed.c - the twin of evict_thread_race.c: the walk holds the lock from its first step to its last.
 *
 *	thread   function     lock
 *	stats    cache_sum    cache_lock
 *	main     evict        cache_lock
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

static GHashTable *cache;
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t round_over;

static int cache_sum(void)
{
	GHashTableIter at;
	gpointer bytes;
	int sum = 0;

	pthread_mutex_lock(&cache_lock);
	g_hash_table_iter_init(&at, cache);
	while (g_hash_table_iter_next(&at, NULL, &bytes))
		sum += GPOINTER_TO_INT(bytes);
	pthread_mutex_unlock(&cache_lock);
	return sum;
}

static void evict(int key)
{
	pthread_mutex_lock(&cache_lock);
	g_hash_table_remove(cache, GINT_TO_POINTER(key));
	pthread_mutex_unlock(&cache_lock);
}

static void *stats(void *arg)
{
	int *sum = arg;

	*sum = cache_sum();
	pthread_barrier_wait(&round_over);
	pthread_barrier_wait(&round_over);
	*sum -= cache_sum();
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int sum = 0;

	pthread_barrier_init(&round_over, NULL, 2);
	cache = g_hash_table_new(g_direct_hash, g_direct_equal);
	for (int i = 1; i <= 7; i++)
		g_hash_table_insert(cache, GINT_TO_POINTER(i), GINT_TO_POINTER(10 * i));
	pthread_create(&thread, NULL, stats, &sum);
	pthread_barrier_wait(&round_over);
	evict(3);
	pthread_barrier_wait(&round_over);
	pthread_join(thread, NULL);
	printf("%d bytes evicted\n", sum);
	g_hash_table_destroy(cache);
	pthread_barrier_destroy(&round_over);
	return 0;
}
