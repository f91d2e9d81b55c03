/* CORPUS label=racy family=gtree primitive=gcond atomics=none repeats=no twin=prim_gcond_warmup_clean */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A service waits on a GCond until the index of its documents is warm.
 * The warmer signals and then adds the last documents.
 */
#include <glib.h>
#include <stdio.h>

enum { DOCUMENTS = 10 };

static GTree *documents;
static GMutex lock;
static GCond is_warm;
static gboolean warm;

static int by_number(gconstpointer a, gconstpointer b)
{
	return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

static void add(int from, int to)
{
	for (int i = from; i <= to; i++)
		g_tree_insert(documents, GINT_TO_POINTER(i), GINT_TO_POINTER(i + 100));
}

static gpointer warmer(gpointer unused)
{
	add(1, DOCUMENTS / 2);
	g_mutex_lock(&lock);
	warm = TRUE;
	g_cond_signal(&is_warm);
	g_mutex_unlock(&lock);
	add(DOCUMENTS / 2 + 1, DOCUMENTS);
	return unused;
}

int main(void)
{
	GThread *thread;
	int found = 0;

	documents = g_tree_new(by_number);
	thread = g_thread_new("warmer", warmer, NULL);
	g_mutex_lock(&lock);
	while (!warm)
		g_cond_wait(&is_warm, &lock);
	g_mutex_unlock(&lock);
	for (int i = 1; i <= DOCUMENTS / 2; i++)
		found += g_tree_lookup(documents, GINT_TO_POINTER(i)) != NULL;
	g_thread_join(thread);
	printf("%d documents found\n", found);
	g_tree_destroy(documents);
	return 0;
}
