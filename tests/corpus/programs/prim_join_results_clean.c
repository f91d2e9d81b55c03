/* CORPUS label=clean family=glib_hash primitive=join atomics=none repeats=no twin=prim_join_results_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Two solvers write their results into the table, one after the other; main prints what came out.
 * Main waits for each solver before it starts the next, and for both before it reads.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

enum { RESULTS = 6 };

static GHashTable *results;

static void *solver(void *base)
{
	for (int i = 1; i <= RESULTS / 2; i++)
		g_hash_table_insert(results, GINT_TO_POINTER(GPOINTER_TO_INT(base) + i), GINT_TO_POINTER(i * i + 50));
	return NULL;
}

static int read_results(void)
{
	int n = 0;

	for (int i = 1; i <= RESULTS / 2; i++)
		n += g_hash_table_contains(results, GINT_TO_POINTER(i)) +
		     g_hash_table_contains(results, GINT_TO_POINTER(100 + i));
	return n;
}

int main(void)
{
	pthread_t first, second;
	int n;

	results = g_hash_table_new(NULL, NULL);
	pthread_create(&first, NULL, solver, GINT_TO_POINTER(0));
	pthread_join(first, NULL);
	pthread_create(&second, NULL, solver, GINT_TO_POINTER(100));
	pthread_join(second, NULL);
	n = read_results();
	printf("results: %s\n", n > 0 ? "some" : "none");
	g_hash_table_destroy(results);
	return 0;
}
