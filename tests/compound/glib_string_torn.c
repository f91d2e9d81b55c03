/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/* glib_string_torn.c - a GHashTable with strings as keys. See torn.h. */
#include <glib.h>

#include "torn.h"

static GHashTable *maps[2];

static void make(void)
{
	maps[0] = g_hash_table_new(g_str_hash, g_str_equal);
	maps[1] = g_hash_table_new(g_str_hash, g_str_equal);
}

static int look(int map, int key)
{
	char name[8]; /* the text counts, not where it lies */

	strcpy(name, names[key]);
	return g_hash_table_lookup(maps[map], name) != NULL;
}

static void put(int map, int key)
{
	g_hash_table_insert(maps[map], (char *)names[key], (char *)"tree");
}

static void drop(int map, int key)
{
	g_hash_table_remove(maps[map], names[key]);
}
