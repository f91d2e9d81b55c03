/* CORPUS label=racy family=glib_hash primitive=atomic_counter atomics=own repeats=yes twin=atom_publish_slots_clean cause=published_too_early */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A loader builds one table per chunk of a file; a counter says how many tables are ready. The consumer spins on the
 * counter and reads each table as it comes.
 * The counter is bumped before the table is filled instead of after.
 */
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { CHUNKS = 2500, ENTRIES = 40 };

static GHashTable *chunks[CHUNKS];
static atomic_int ready;

static void *loader(void *arg)
{
	for (int i = 0; i < CHUNKS; i++) {
		GHashTable *table = chunks[i];

		atomic_store_explicit(&ready, i + 1, memory_order_release);
		for (int key = 1; key <= ENTRIES; key++)
			g_hash_table_insert(table, GINT_TO_POINTER(1 + key % 6), GINT_TO_POINTER(i + key));
	}
	return arg;
}

static void *consumer(void *arg)
{
	long *sum = arg;

	for (int i = 0; i < CHUNKS; i++) {
		while (atomic_load_explicit(&ready, memory_order_acquire) <= i)
			;
		for (int key = 1; key <= ENTRIES; key++)
			*sum += GPOINTER_TO_INT(g_hash_table_lookup(chunks[i], GINT_TO_POINTER(1 + key % 6))) & 1;
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	long sum = 0;

	for (int i = 0; i < CHUNKS; i++)
		chunks[i] = g_hash_table_new(NULL, NULL);
	pthread_create(&threads[0], NULL, consumer, &sum);
	pthread_create(&threads[1], NULL, loader, NULL);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	for (int i = 0; i < CHUNKS; i++)
		g_hash_table_destroy(chunks[i]);
	printf("%d chunks, %s\n", CHUNKS, sum >= 0 ? "read" : "broken");
	return 0;
}
