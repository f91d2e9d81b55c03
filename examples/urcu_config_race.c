/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 liburcu */
/*
 * urcu_config_race.c - a table of settings is replaced under RCU, and the old one reused while readers may still look into it.
 *
 *	thread      function          lock             races
 *	server      setting           read section     with the removal
 *	main        config_reload     none             with the look-up
 *
 * Readers take no lock: they look into the table that they find. Whoever replaces it must wait until the last of them has left the
 * old one, by synchronize_rcu(). Here the old table is emptied at once.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <urcu.h>

#include "turns.h"

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
	value = g_hash_table_lookup(rcu_dereference(config), name); /* RACE HERE */
	rcu_read_unlock();
	return value;
}

static void config_reload(const char *port)
{
	GHashTable *old = rcu_xchg_pointer(&config, config_read(port));

	g_hash_table_remove_all(old); /* RACE HERE */
	g_hash_table_unref(old);
}

static void *server_thread(void *arg)
{
	(void)arg;
	rcu_register_thread();
	printf("port %s\n", setting("port"));
	turn_over();
	turn_wait(2);
	printf("port %s\n", setting("port"));
	rcu_unregister_thread();
	return NULL;
}

int main(void)
{
	pthread_t server;

	rcu_assign_pointer(config, config_read("80"));
	pthread_create(&server, NULL, server_thread, NULL);
	turn_wait(1);
	config_reload("8080");
	turn_over();
	pthread_join(server, NULL);
	g_hash_table_unref(config);
	return 0;
}
