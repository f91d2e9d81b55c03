/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/* gtree_torn.c - a GTree of strings. See torn.h. */
#include <glib.h>

#include "torn.h"

static GTree *maps[2];

static void make(void)
{
	maps[0] = g_tree_new((GCompareFunc)strcmp);
	maps[1] = g_tree_new((GCompareFunc)strcmp);
}

static int look(int map, int key)
{
	return g_tree_lookup(maps[map], names[key]) != NULL;
}

static void put(int map, int key)
{
	g_tree_insert(maps[map], (char *)names[key], (char *)"tree");
}

static void drop(int map, int key)
{
	g_tree_remove(maps[map], names[key]);
}
