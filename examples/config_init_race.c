/* SPDX-License-Identifier: MIT */
/*
 * config_init_race.c - a global table of settings, filled by init code and updated later, without a lock.
 *
 *	thread     function         lock    races
 *	watcher    config_set       none    with config_get
 *	main       config_get       none    with config_set
 *
 * The constructor is fine: it runs alone. But it also starts the thread that re-reads the file when it changes, and
 * from then on, before main() has begun, the table is shared.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "turns.h"

static GHashTable *config;
static pthread_t watcher;

static void config_set(const char *key, const char *value)
{
	g_hash_table_replace(config, g_strdup(key), g_strdup(value)); /* RACE HERE */
	turn_over();
}

static int config_get(const char *key)
{
	const char *value = g_hash_table_lookup(config, key); /* RACE HERE */

	return value ? atoi(value) : 0;
}

static void *watch_file(void *arg)
{
	(void)arg;
	turn_wait(3);
	config_set("timeout", "60");
	return NULL;
}

__attribute__((constructor)) static void config_init(void)
{
	config = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	config_set("timeout", "30");
	config_set("workers", "4");
	pthread_create(&watcher, NULL, watch_file, NULL);
}

__attribute__((destructor)) static void config_done(void)
{
	g_hash_table_destroy(config);
}

int main(void)
{
	int before = config_get("timeout");

	turn_over();
	pthread_join(watcher, NULL);
	printf("timeout %d, then %d, %d workers\n", before, config_get("timeout"), config_get("workers"));
	return 0;
}
