/* SPDX-License-Identifier: MIT */
/*
 * request_cache_fixed.c - the twin of request_cache_race.c: look, compute and store are one step under one lock.
 *
 *	thread              function                    lock
 *	handler-1, -2       cache_find, cache_put       cache_lock, held over both
 */
#define _GNU_SOURCE
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

static GHashTable *cache;
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static int computed;

static const char *cache_find(const char *path)
{
	const char *page = g_hash_table_lookup(cache, path);

	return page;
}

static void cache_put(const char *path, char *page)
{
	g_hash_table_insert(cache, g_strdup(path), page);
	computed++;
}

static void handle(const char *path)
{
	pthread_mutex_lock(&cache_lock);
	if (!cache_find(path))
		cache_put(path, g_strdup_printf("<h1>%s</h1>", path));
	pthread_mutex_unlock(&cache_lock);
}

static void *handler(void *arg)
{
	static const char *const paths[] = { "/", "/news", "/", "/about", "/news", "/" };
	int me = GPOINTER_TO_INT(arg);
	char name[24];

	snprintf(name, sizeof(name), "handler-%d", me + 1);
	pthread_setname_np(pthread_self(), name);
	for (int i = me; i < 6; i += 2)
		handle(paths[i]);
	return NULL;
}

int main(void)
{
	pthread_t handlers[2];

	cache = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (int i = 0; i < 2; i++)
		pthread_create(&handlers[i], NULL, handler, GINT_TO_POINTER(i));
	for (int i = 0; i < 2; i++)
		pthread_join(handlers[i], NULL);
	printf("6 requests, %d pages computed\n", computed);
	g_hash_table_destroy(cache);
	return 0;
}
