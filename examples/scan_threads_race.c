/* SPDX-License-Identifier: MIT */
/*
 * scan_threads_race.c - eight scan threads fill one table and none of them locks.
 *
 *	thread           function       lock    races
 *	scan-0..scan-7   file_found     none    with file_found in the other seven
 *
 * The list of files to scan was locked, the table of results was added later. Modelled on a file indexer.
 */
#define _GNU_SOURCE
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

#include "turns.h"

#define THREADS 8
#define FILES 32

static GHashTable *seen;

static int file_found(int inode)
{
	return g_hash_table_add(seen, GINT_TO_POINTER(inode)); /* RACE HERE */
}

static void *scan_thread(void *arg)
{
	int me = GPOINTER_TO_INT(arg);
	char name[24];

	snprintf(name, sizeof(name), "scan-%d", me);
	pthread_setname_np(pthread_self(), name);
	for (int file = me; file < FILES; file += THREADS) {
		turn_wait(file);
		file_found(1000 + file % 24);
		turn_over();
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	seen = g_hash_table_new(g_direct_hash, g_direct_equal);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, scan_thread, GINT_TO_POINTER(i));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%u files\n", g_hash_table_size(seen));
	g_hash_table_destroy(seen);
	return 0;
}
