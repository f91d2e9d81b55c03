/* CORPUS label=clean family=glib_hash primitive=robust atomics=none repeats=no twin=prim_robust_heir_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * The first writer ends while it holds the robust lock. Main inherits the lock, tidies up, and starts two more writers.
 * Main declares the lock consistent; the two writers exclude each other with it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

enum { ENTRIES = 6 };

static GHashTable *table;
static pthread_mutex_t lock;

static void *writer(void *arg)
{
	pthread_mutex_lock(&lock);
	for (int i = 1; i <= ENTRIES; i++)
		g_hash_table_insert(table, GINT_TO_POINTER(i), GINT_TO_POINTER(GPOINTER_TO_INT(arg) + i));
	if (GPOINTER_TO_INT(arg) == 100)
		return NULL; /* the accident: an early return with the lock held */
	pthread_mutex_unlock(&lock);
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&lock, &attributes);
	table = g_hash_table_new(NULL, NULL);

	pthread_create(&threads[0], NULL, writer, GINT_TO_POINTER(100));
	pthread_join(threads[0], NULL);
	if (pthread_mutex_lock(&lock) != EOWNERDEAD)
		return 1;
	g_hash_table_insert(table, GINT_TO_POINTER(1), GINT_TO_POINTER(99));
	pthread_mutex_consistent(&lock);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, writer, GINT_TO_POINTER(200 + 100 * i));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("%u entries\n", g_hash_table_size(table));
	return 0;
}
