/* CORPUS label=clean family=glib_hash primitive=key atomics=none repeats=no twin=prim_key_merge_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Threads count in a table of their own; when one ends, the destructor of its key adds the counts to the global table.
 * The destructors hold a lock; main reads without one, after joining.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

enum { COLOURS = 6, DRAWS = 60 };

static GHashTable *total;
static pthread_key_t own_counts;
static pthread_mutex_t total_lock = PTHREAD_MUTEX_INITIALIZER;

static int count_of(GHashTable *counts, int colour)
{
	return GPOINTER_TO_INT(g_hash_table_lookup(counts, GINT_TO_POINTER(colour)));
}

static void merge(void *own)
{
	pthread_mutex_lock(&total_lock);
	for (int colour = 1; colour <= COLOURS; colour++)
		g_hash_table_insert(total, GINT_TO_POINTER(colour),
			GINT_TO_POINTER(count_of(total, colour) + count_of(own, colour)));
	pthread_mutex_unlock(&total_lock);
	g_hash_table_destroy(own);
}

static void *draw(void *arg)
{
	GHashTable *own = g_hash_table_new(NULL, NULL);

	pthread_setspecific(own_counts, own);
	for (int i = 0; i < DRAWS; i++) {
		int colour = (i * i + GPOINTER_TO_INT(arg)) % COLOURS + 1;

		g_hash_table_insert(own, GINT_TO_POINTER(colour), GINT_TO_POINTER(count_of(own, colour) + 1));
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	int sum = 0;

	total = g_hash_table_new(NULL, NULL);
	for (int colour = 1; colour <= COLOURS; colour++)
		g_hash_table_insert(total, GINT_TO_POINTER(colour), GINT_TO_POINTER(100));
	pthread_key_create(&own_counts, merge);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, draw, GINT_TO_POINTER(i));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (int colour = 1; colour <= COLOURS; colour++)
		sum += count_of(total, colour) - 100;
	printf("%d of %d draws\n", sum, 2 * DRAWS);
	g_hash_table_destroy(total);
	return 0;
}
