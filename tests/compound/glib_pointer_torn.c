/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/* glib_pointer_torn.c - a GHashTable as a set of pointers. See torn.h. */
#include <glib.h>

#include "torn.h"

static GHashTable *maps[2];

static void make(void)
{
	maps[0] = g_hash_table_new(NULL, NULL);
	maps[1] = g_hash_table_new(NULL, NULL);
}

static int look(int map, int key)
{
	return g_hash_table_contains(maps[map], GINT_TO_POINTER(5 + key));
}

static void put(int map, int key)
{
	g_hash_table_add(maps[map], GINT_TO_POINTER(5 + key));
}

static void drop(int map, int key)
{
	g_hash_table_remove(maps[map], GINT_TO_POINTER(5 + key));
}
