/* CORPUS label=clean family=glib_hash primitive=openmp atomics=none repeats=no twin=prim_openmp_single_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 -fopenmp */
/*
 * In a parallel region one thread fills the table of weights, then all use it.
 * The single construct ends with a barrier.
 */
#include <glib.h>
#include <omp.h>
#include <stdio.h>

enum { WEIGHTS = 6 };

static GHashTable *weights;

static int use(void)
{
	int sum = 0;

	for (int i = 1; i <= WEIGHTS; i++)
		sum += GPOINTER_TO_INT(g_hash_table_lookup(weights, GINT_TO_POINTER(i)));
	return sum;
}

int main(void)
{
	int sums[2] = { 0, 0 };

	weights = g_hash_table_new(NULL, NULL);
	g_hash_table_insert(weights, GINT_TO_POINTER(1), GINT_TO_POINTER(5));
#pragma omp parallel num_threads(2)
	{
#pragma omp single
		for (int i = 1; i <= WEIGHTS; i++)
			g_hash_table_insert(weights, GINT_TO_POINTER(i), GINT_TO_POINTER(i * 3));

		sums[omp_get_thread_num()] = use();
	}
	printf("sum %s\n", sums[0] + sums[1] > 0 ? "positive" : "zero");
	g_hash_table_destroy(weights);
	return 0;
}
