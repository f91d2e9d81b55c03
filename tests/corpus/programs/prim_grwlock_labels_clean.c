/* CORPUS label=clean family=glib_hash primitive=grwlock atomics=none repeats=no twin=prim_grwlock_labels_racy strip=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Labels of a form under a GRWLock, translated by two threads.
 * They hold it as writers while they replace what they translated.
 */
#include <glib.h>
#include <stdio.h>

enum { LABELS = 14, ROUNDS = 120 };

static GHashTable *labels;
static GRWLock labels_lock;

static gpointer translator(gpointer language)
{
	for (int i = 0; i < ROUNDS * LABELS; i++) {
		int label = i % LABELS + 1, text = GPOINTER_TO_INT(language) + i;

		g_rw_lock_writer_lock(&labels_lock);
		g_hash_table_insert(labels, GINT_TO_POINTER(label), GINT_TO_POINTER(text));
		g_rw_lock_writer_unlock(&labels_lock);
	}
	return NULL;
}

int main(void)
{
	GThread *threads[2];

	labels = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= LABELS; i++)
		g_hash_table_insert(labels, GINT_TO_POINTER(i), GINT_TO_POINTER(100 + i));
	threads[0] = g_thread_new("french", translator, GINT_TO_POINTER(1000));
	threads[1] = g_thread_new("danish", translator, GINT_TO_POINTER(5000));
	g_thread_join(threads[0]);
	g_thread_join(threads[1]);
	printf("%u labels\n", g_hash_table_size(labels));
	g_hash_table_destroy(labels);
	return 0;
}
