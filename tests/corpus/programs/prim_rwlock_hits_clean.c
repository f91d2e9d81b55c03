/* CORPUS label=clean family=glib_hash primitive=pthread_rwlock atomics=none repeats=no twin=prim_rwlock_hits_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A page cache under a read-write lock. Each hit is counted in the table itself.
 * As a hit writes, it takes the lock for writing.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

enum { PAGES = 16, REQUESTS = 2500 };

static GHashTable *hits;
static pthread_rwlock_t cache_lock = PTHREAD_RWLOCK_INITIALIZER;

static int page_of(int request)
{
	char path[32];
	int page = 0;

	snprintf(path, sizeof(path), "/page/%d.html", request % PAGES + 1);
	sscanf(path, "/page/%d", &page);
	return page;
}

static void *server(void *arg)
{
	for (int i = 0; i < REQUESTS; i++) {
		int page = page_of(i * GPOINTER_TO_INT(arg));

		pthread_rwlock_wrlock(&cache_lock);
		g_hash_table_insert(hits, GINT_TO_POINTER(page),
			GINT_TO_POINTER(GPOINTER_TO_INT(g_hash_table_lookup(hits, GINT_TO_POINTER(page))) + 1));
		pthread_rwlock_unlock(&cache_lock);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	hits = g_hash_table_new(NULL, NULL);
	for (int page = 1; page <= PAGES; page++)
		g_hash_table_insert(hits, GINT_TO_POINTER(page), GINT_TO_POINTER(PAGES + page));
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, server, GINT_TO_POINTER(i * 2 + 1));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("%d requests for %u pages\n", 2 * REQUESTS, g_hash_table_size(hits));
	g_hash_table_destroy(hits);
	return 0;
}
