/* SPDX-License-Identifier: MIT */
/* glib.c - a threaded program with a GHashTable. Never run by the test of `race check`, but by the one that compares. */
#include <glib.h>

static GMutex lock;
static GHashTable *table;

static void *worker(void *key)
{
	g_mutex_lock(&lock);
	g_hash_table_insert(table, key, key);
	g_mutex_unlock(&lock);
	return NULL;
}

int main(void)
{
	GThread *t;

	table = g_hash_table_new(g_str_hash, g_str_equal);
	t = g_thread_new("worker", worker, (void *)"a");
	worker((void *)"b");
	g_thread_join(t);
	g_hash_table_destroy(table);
	return 0;
}
