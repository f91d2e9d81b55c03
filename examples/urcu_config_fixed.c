/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 liburcu */
/*
 * urcu_config_fixed.c - the twin of urcu_config_race.c: the old table goes when nobody can look into it any more.
 *
 *	thread      function          lock
 *	server      setting           read section
 *	main        config_reload     none, but synchronize_rcu() between replacing and removing
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <urcu.h>

static GHashTable *config;

static GHashTable *config_read(const char *port)
{
	GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);

	g_hash_table_insert(table, (gpointer)"port", (gpointer)port);
	g_hash_table_insert(table, (gpointer)"host", (gpointer)"localhost");
	return table;
}

static const char *setting(const char *name)
{
	const char *value;

	rcu_read_lock();
	value = g_hash_table_lookup(rcu_dereference(config), name);
	rcu_read_unlock();
	return value;
}

static void config_reload(const char *port)
{
	GHashTable *old = rcu_xchg_pointer(&config, config_read(port));

	synchronize_rcu();
	g_hash_table_remove_all(old);
	g_hash_table_unref(old);
}

static void *server_thread(void *arg)
{
	(void)arg;
	rcu_register_thread();
	for (int i = 0; i < 1000; i++) {
		if (!setting("port"))
			puts("no port");
	}
	printf("port %s\n", setting("port"));
	rcu_unregister_thread();
	return NULL;
}

int main(void)
{
	pthread_t server;

	rcu_assign_pointer(config, config_read("80"));
	pthread_create(&server, NULL, server_thread, NULL);
	for (int i = 0; i < 10; i++)
		config_reload("8080");
	pthread_join(server, NULL);
	g_hash_table_unref(config);
	return 0;
}
