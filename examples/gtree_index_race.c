/* SPDX-License-Identifier: MIT */
/*
 * gtree_index_race.c - an index is searched while the importer still fills it.
 *
 *	thread      function        lock          races
 *	importer    index_add       none          with both readers
 *	main        index_find      index_lock    with the insertion
 *	main        index_print     index_lock    with the insertion
 *
 * A search tree is rebalanced by insertions: a reader that comes by at that moment walks into a subtree that is just
 * moving.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

#include "turns.h"

static GTree *by_name;
static GMutex index_lock;

static gint compare(gconstpointer a, gconstpointer b, gpointer unused)
{
	(void)unused;
	return g_strcmp0(a, b);
}

static void index_add(const char *name, int row)
{
	g_tree_insert(by_name, g_strdup(name), GINT_TO_POINTER(row)); /* RACE HERE */
	turn_over();
}

static int index_find(const char *name)
{
	int row;

	g_mutex_lock(&index_lock);
	row = GPOINTER_TO_INT(g_tree_lookup(by_name, name)); /* RACE HERE */
	g_mutex_unlock(&index_lock);
	return row;
}

static gboolean print_row(gpointer name, gpointer row, gpointer unused)
{
	(void)unused;
	printf("%s=%d ", (char *)name, GPOINTER_TO_INT(row));
	return FALSE;
}

static void index_print(void)
{
	g_mutex_lock(&index_lock);
	g_tree_foreach(by_name, print_row, NULL); /* RACE HERE */
	g_mutex_unlock(&index_lock);
}

static void *importer(void *arg)
{
	static const char *const names[] = { "maple", "birch", "oak", "alder", "yew" };

	(void)arg;
	for (int i = 0; i < 5; i++) {
		turn_wait(i < 3 ? i : i + 1);
		index_add(names[i], i + 1);
	}
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int row;

	by_name = g_tree_new_full(compare, NULL, g_free, NULL);
	pthread_create(&thread, NULL, importer, NULL);
	turn_wait(3);
	row = index_find("oak");
	index_print();
	turn_over();
	pthread_join(thread, NULL);
	printf("oak is row %d of %d\n", row, g_tree_nnodes(by_name));
	g_tree_destroy(by_name);
	return 0;
}
