/* SPDX-License-Identifier: MIT */
/*
 * gtree_index_fixed.c - the twin of gtree_index_race.c: the importer takes the lock as well.
 *
 *	thread      function        lock
 *	importer    index_add       index_lock
 *	main        index_find      index_lock
 *	main        index_print     index_lock
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

static GTree *by_name;
static GMutex index_lock;
static GCond index_grown;

static gint compare(gconstpointer a, gconstpointer b, gpointer unused)
{
	(void)unused;
	return g_strcmp0(a, b);
}

static void index_add(const char *name, int row)
{
	g_mutex_lock(&index_lock);
	g_tree_insert(by_name, g_strdup(name), GINT_TO_POINTER(row));
	g_cond_signal(&index_grown);
	g_mutex_unlock(&index_lock);
}

/* Waits until the name has come. */
static int index_find(const char *name)
{
	int row;

	g_mutex_lock(&index_lock);
	while (!(row = GPOINTER_TO_INT(g_tree_lookup(by_name, name))))
		g_cond_wait(&index_grown, &index_lock);
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
	g_tree_foreach(by_name, print_row, NULL);
	g_mutex_unlock(&index_lock);
}

static void *importer(void *arg)
{
	static const char *const names[] = { "maple", "birch", "oak", "alder", "yew" };

	(void)arg;
	for (int i = 0; i < 5; i++)
		index_add(names[i], i + 1);
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int row;

	by_name = g_tree_new_full(compare, NULL, g_free, NULL);
	pthread_create(&thread, NULL, importer, NULL);
	row = index_find("oak");
	index_find("yew");
	index_print();
	pthread_join(thread, NULL);
	printf("oak is row %d of %d\n", row, g_tree_nnodes(by_name));
	g_tree_destroy(by_name);
	return 0;
}
