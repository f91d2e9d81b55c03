/* SPDX-License-Identifier: MIT */
/* plugin.c - libplugin.so: brings GLib into a process that has none of it in its global scope (dlopen with RTLD_LOCAL). */
#include <glib.h>

#include "../e2e/twins.h"

static GHashTable *table;
static GMutex lock[2];

static __attribute__((noinline)) void insert_a(void)
{
	g_hash_table_insert(table, GINT_TO_POINTER(1), NULL);
	KEEP(insert_a);
}
static __attribute__((noinline)) void insert_b(void)
{
	g_hash_table_insert(table, GINT_TO_POINTER(2), NULL);
	KEEP(insert_b);
}
LOCKED(plugin, g_mutex_lock(&lock[L]), insert_a(), g_mutex_unlock(&lock[L]), g_mutex_lock(&lock[L]), insert_b(),
       g_mutex_unlock(&lock[L]))

int plugin_run(int use_two_locks);
int plugin_run(int use_two_locks)
{
	static const struct scenario s = SIDES(plugin);
	int size;

	racy = use_two_locks;
	table = g_hash_table_new(NULL, NULL);
	run_sides(&s);
	size = (int)g_hash_table_size(table);
	g_hash_table_destroy(table);
	return size;
}
