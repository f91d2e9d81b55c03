/* CORPUS label=clean family=glib_hash primitive=pipe atomics=none repeats=no twin=prim_pipe_tables_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Tables are sent to a printer thread as pointers through a pipe.
 * What was sent is not touched any more.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { TABLES = 3, ENTRIES = 12, ROUNDS = 100 };

static int channel[2];

static void fill(GHashTable *table, int base)
{
	for (int i = 0; i < ENTRIES * ROUNDS; i++)
		g_hash_table_insert(table, GINT_TO_POINTER(i % ENTRIES + 1), GINT_TO_POINTER(base + i));
}

static void *printer(void *printed)
{
	GHashTable *table;

	while (read(channel[0], &table, sizeof(table)) == sizeof(table))
		for (int i = 0; i < ENTRIES * ROUNDS; i++)
			*(int *)printed += g_hash_table_contains(table, GINT_TO_POINTER(i % ENTRIES + 1));
	return NULL;
}

int main(void)
{
	GHashTable *table = NULL;
	pthread_t thread;
	int printed = 0;

	if (pipe(channel))
		return 1;
	pthread_create(&thread, NULL, printer, &printed);
	for (int i = 0; i < TABLES; i++) {
		table = g_hash_table_new(NULL, NULL);
		fill(table, 100 * i + 50);
		if (write(channel[1], &table, sizeof(table)) != sizeof(table))
			return 1;
	}
	close(channel[1]);
	pthread_join(thread, NULL);
	printf("%d entries printed\n", printed);
	return 0;
}
