/* SPDX-License-Identifier: MIT */
/*
 * scan_threads_fixed.c - the twin of scan_threads_race.c: one mutex for the table.
 *
 *	thread           function       lock
 *	scan-0..scan-7   file_found     seen_lock
 */
#define _GNU_SOURCE
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

#define THREADS 8
#define FILES 32

static GHashTable *seen;
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;

static int file_found(int inode)
{
	int fresh;

	pthread_mutex_lock(&seen_lock);
	fresh = g_hash_table_add(seen, GINT_TO_POINTER(inode));
	pthread_mutex_unlock(&seen_lock);
	return fresh;
}

static void *scan_thread(void *arg)
{
	int me = GPOINTER_TO_INT(arg);
	char name[24];

	snprintf(name, sizeof(name), "scan-%d", me);
	pthread_setname_np(pthread_self(), name);
	for (int file = me; file < FILES; file += THREADS)
		file_found(1000 + file % 24);
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
