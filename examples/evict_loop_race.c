/* SPDX-License-Identifier: MIT */
/*
 * evict_loop_race.c - an eviction loop removes from the table that it walks.
 *
 *	thread   function    lock          misuse
 *	main     evict_old   cache_lock    removes by key behind the iterator's back, then goes on with it
 *
 * No second thread is needed, and no lock helps: after g_hash_table_remove() the iterator is stale. A GLib with its
 * checks on ends the walk with a CRITICAL line, so that old entries stay; one without them goes on in memory that may
 * be gone. Reported as STALE ITERATOR, with RACE_OPTIONS=misuse=1. The other-thread form is evict_thread_race.c.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

static GHashTable *cache;
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;

static int evict_old(int oldest)
{
	GHashTableIter at;
	gpointer key, age;
	int evicted = 0;

	pthread_mutex_lock(&cache_lock);
	g_hash_table_iter_init(&at, cache);
	while (g_hash_table_iter_next(&at, &key, &age)) { /* RACE HERE */
		if (GPOINTER_TO_INT(age) >= oldest) {
			g_hash_table_remove(cache, key); /* RACE HERE */
			evicted++;
		}
	}
	pthread_mutex_unlock(&cache_lock);
	return evicted;
}

static void *serve(void *arg)
{
	int *hits = arg;

	pthread_mutex_lock(&cache_lock);
	for (int i = 1; i <= 3; i++)
		*hits += g_hash_table_contains(cache, GINT_TO_POINTER(i));
	pthread_mutex_unlock(&cache_lock);
	return NULL;
}

int main(void)
{
	pthread_t server;
	int hits = 0, evicted;

	cache = g_hash_table_new(g_direct_hash, g_direct_equal);
	for (int i = 1; i <= 7; i++)
		g_hash_table_insert(cache, GINT_TO_POINTER(i), GINT_TO_POINTER(10 * i));
	pthread_create(&server, NULL, serve, &hits);
	evicted = evict_old(50);
	pthread_join(server, NULL);
	printf("%d evicted, %d hits\n", evicted, hits);
	g_hash_table_destroy(cache);
	return 0;
}
