/* CORPUS label=clean family=glib_hash primitive=none atomics=none repeats=no twin=prim_none_own_tables_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Two threads sort measurements into classes; nothing is shared on purpose.
 * Each has a table of its own.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

enum { CLASSES = 15, SAMPLES = 3000 };

static void *classify(void *classes)
{
	char text[24];
	double value;

	for (int i = 0; i < SAMPLES; i++) {
		int class;

		snprintf(text, sizeof(text), "%d.5", i % CLASSES);
		sscanf(text, "%lf", &value);
		class = (int)value + 1;
		g_hash_table_insert(classes, GINT_TO_POINTER(class), GINT_TO_POINTER(100 + i));
	}
	return NULL;
}

static GHashTable *new_table(void)
{
	GHashTable *table = g_hash_table_new(NULL, NULL);

	for (int class = 1; class <= CLASSES; class++)
		g_hash_table_insert(table, GINT_TO_POINTER(class), GINT_TO_POINTER(100 + class));
	return table;
}

int main(void)
{
	pthread_t threads[2];
	GHashTable *tables[2];

	tables[0] = new_table();
	tables[1] = new_table();
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, classify, tables[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("%u classes\n", g_hash_table_size(tables[0]));
	return 0;
}
