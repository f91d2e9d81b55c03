/* CORPUS label=racy family=glib_hash primitive=atomic_counter atomics=own repeats=yes twin=atom_counters_and_mutex_clean cause=forgotten_lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A cache behind a pthread mutex, with hit and miss counters that are plain atomics of the program.
 * The thread that refreshes entries does so without the mutex; looking up and storing take it.
 */
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { ENTRIES = 5, ROUNDS = 200 };

static GHashTable *cache;
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_long hits, misses, refreshed;

static void *client(void *arg)
{
	for (int n = 0; n < ROUNDS || atomic_load_explicit(&refreshed, memory_order_relaxed) < ROUNDS; n++) {
		void *key = GINT_TO_POINTER(1 + n % (ENTRIES + 1));
		int found;

		pthread_mutex_lock(&cache_lock);
		found = g_hash_table_contains(cache, key);
		if (found && n % 16 == 0)
			g_hash_table_insert(cache, key, GINT_TO_POINTER(n));
		pthread_mutex_unlock(&cache_lock);
		atomic_fetch_add_explicit(found ? &hits : &misses, 1, memory_order_relaxed);
		usleep(70);
	}
	return arg;
}

static void *refresher(void *arg)
{
	while (atomic_load_explicit(&refreshed, memory_order_relaxed) < ROUNDS ||
	       atomic_load_explicit(&hits, memory_order_relaxed) < ROUNDS) {
		int n = atomic_fetch_add_explicit(&refreshed, 1, memory_order_relaxed);

		g_hash_table_insert(cache, GINT_TO_POINTER(1 + n % ENTRIES), GINT_TO_POINTER(n));
		usleep(100);
	}
	return arg;
}

int main(void)
{
	pthread_t threads[3];

	cache = g_hash_table_new(NULL, NULL);
	for (int entry = 1; entry <= ENTRIES; entry++)
		g_hash_table_insert(cache, GINT_TO_POINTER(entry), NULL);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, client, NULL);
	pthread_create(&threads[2], NULL, refresher, NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	printf("%s, %s\n", hits > misses ? "mostly hits" : "mostly misses", refreshed ? "refreshed" : "stale");
	g_hash_table_destroy(cache);
	return 0;
}
