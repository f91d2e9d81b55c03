/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/* glib_number_torn.c - GHashTables with numbers as keys, by address and by value. See torn.h. */
#include <glib.h>

#include "torn.h"

static GHashTable *maps[2];
static int numbers[] = { 17, 18 };

static void make(void)
{
	maps[0] = g_hash_table_new(g_int_hash, g_int_equal);
	maps[1] = g_hash_table_new(g_int_hash, g_int_equal);
}

static int look(int map, int key)
{
	int number = numbers[key];
	void *at;

	return g_hash_table_lookup_extended(maps[map], &number, NULL, &at);
}

static void put(int map, int key)
{
	g_hash_table_replace(maps[map], &numbers[key], (char *)"tree");
}

static void drop(int map, int key)
{
	g_hash_table_steal(maps[map], &numbers[key]);
}
