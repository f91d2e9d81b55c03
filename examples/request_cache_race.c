/* SPDX-License-Identifier: MIT */
/*
 * request_cache_race.c - request handlers read a cache, compute what is missing and write it back, without a lock.
 *
 *	thread              function       lock    races
 *	handler-1, -2       cache_find     none    with cache_put in the other one
 *	handler-1, -2       cache_put      none    with both in the other one
 *
 * Each handler is a thread of its own; the cache was written when there was only one.
 */
#define _GNU_SOURCE
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

#include "turns.h"

static GHashTable *cache;
static int computed;

static const char *cache_find(const char *path)
{
	const char *page = g_hash_table_lookup(cache, path); /* RACE HERE */

	return page;
}

static void cache_put(const char *path, char *page)
{
	g_hash_table_insert(cache, g_strdup(path), page); /* RACE HERE */
	computed++;
}

static void handle(const char *path)
{
	if (!cache_find(path))
		cache_put(path, g_strdup_printf("<h1>%s</h1>", path));
}

static void *handler(void *arg)
{
	static const char *const paths[] = { "/", "/news", "/", "/about", "/news", "/" };
	int me = GPOINTER_TO_INT(arg);
	char name[24];

	snprintf(name, sizeof(name), "handler-%d", me + 1);
	pthread_setname_np(pthread_self(), name);
	for (int i = me; i < 6; i += 2) {
		turn_wait(i);
		handle(paths[i]);
		turn_over();
	}
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
