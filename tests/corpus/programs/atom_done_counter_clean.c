/* CORPUS label=clean family=glib_hash primitive=atomic_counter atomics=own repeats=no twin=atom_done_counter_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Three workers put their results into one table under a pthread mutex. Main looks at a counter of finished workers
 * once a millisecond; when all are done it walks the table without the mutex, since nobody else is left.
 * A worker counts itself as finished after its last result.
 */
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { WORKERS = 3, RESULTS = 50 };

static GHashTable *results;
static pthread_mutex_t results_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int finished;

static void put(int key, int value)
{
	pthread_mutex_lock(&results_lock);
	g_hash_table_insert(results, GINT_TO_POINTER(key), GINT_TO_POINTER(value));
	pthread_mutex_unlock(&results_lock);
}

static void *worker(void *arg)
{
	int first = GPOINTER_TO_INT(arg) * RESULTS;

	for (int i = 1; i < RESULTS; i++)
		put(first + i, i * i);
	put(first + RESULTS, RESULTS);
	atomic_fetch_add(&finished, 1);
	return NULL;
}

int main(void)
{
	pthread_t workers[WORKERS];
	GList *values;
	long sum = 0;

	results = g_hash_table_new(NULL, NULL);
	for (int i = 0; i < WORKERS; i++)
		pthread_create(&workers[i], NULL, worker, GINT_TO_POINTER(i));
	while (atomic_load(&finished) < WORKERS)
		usleep(1000);
	values = g_hash_table_get_values(results);
	for (GList *at = values; at; at = at->next)
		sum += GPOINTER_TO_INT(at->data);
	g_list_free(values);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	printf("%u results, %s\n", g_hash_table_size(results), sum > 1000 ? "a large sum" : "a small sum");
	g_hash_table_destroy(results);
	return 0;
}
