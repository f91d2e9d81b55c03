/* CORPUS label=clean family=glib_hash primitive=gonce atomics=none repeats=no twin=prim_gonce_mimetypes_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Types of files by their ending, filled at first use with g_once_init_enter().
 * The table is filled before it is announced, and only read afterwards.
 */
#include <glib.h>
#include <stdio.h>

static GHashTable *types;
static gsize types_ready;

static void fill(void)
{
	g_hash_table_insert(types, GINT_TO_POINTER('t'), GINT_TO_POINTER(1001));
	g_hash_table_insert(types, GINT_TO_POINTER('h'), GINT_TO_POINTER(1002));
	g_hash_table_insert(types, GINT_TO_POINTER('p'), GINT_TO_POINTER(1003));
}

static int type_of(int ending)
{
	if (g_once_init_enter(&types_ready)) {
		fill();
		g_once_init_leave(&types_ready, 1);
	}
	return GPOINTER_TO_INT(g_hash_table_lookup(types, GINT_TO_POINTER(ending)));
}

static gpointer indexer(gpointer ending)
{
	int type = 0;

	for (int i = 0; i < 5; i++)
		type = type_of(GPOINTER_TO_INT(ending));
	return GINT_TO_POINTER(type);
}

int main(void)
{
	GThread *threads[2];
	int types_found = 0;

	types = g_hash_table_new(NULL, NULL);
	g_hash_table_insert(types, GINT_TO_POINTER('x'), GINT_TO_POINTER(1000));
	threads[0] = g_thread_new("texts", indexer, GINT_TO_POINTER('t'));
	threads[1] = g_thread_new("pictures", indexer, GINT_TO_POINTER('p'));
	for (int i = 0; i < 2; i++)
		types_found += GPOINTER_TO_INT(g_thread_join(threads[i])) > 0;
	printf("types found: %s\n", types_found ? "yes" : "no");
	return 0;
}
