/* SPDX-License-Identifier: MIT */
/*
 * config_init_fixed.c - the twin of config_init_race.c: readers and the writer take a GRWLock, the init code too.
 *
 *	thread     function         lock
 *	watcher    config_set       config_lock, for writing
 *	main       config_get       config_lock, for reading
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static GHashTable *config;
static GRWLock config_lock;
static pthread_t watcher;

static void config_set(const char *key, const char *value)
{
	g_rw_lock_writer_lock(&config_lock);
	g_hash_table_replace(config, g_strdup(key), g_strdup(value));
	g_rw_lock_writer_unlock(&config_lock);
}

static int config_get(const char *key)
{
	const char *value;
	int number;

	g_rw_lock_reader_lock(&config_lock);
	value = g_hash_table_lookup(config, key);
	number = value ? atoi(value) : 0;
	g_rw_lock_reader_unlock(&config_lock);
	return number;
}

static void *watch_file(void *arg)
{
	(void)arg;
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
	int early = config_get("timeout"); /* the old or the new one: both are whole */

	pthread_join(watcher, NULL);
	printf("timeout %s, then %d, %d workers\n", early == 30 || early == 60 ? "known" : "torn",
	       config_get("timeout"), config_get("workers"));
	return 0;
}
