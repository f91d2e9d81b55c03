/* CORPUS label=racy family=gtree primitive=openmp atomics=none repeats=no twin=prim_openmp_sections_clean */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 -fopenmp */
/*
 * A team works in two stages on a tree: in the first, each adds its part under an OpenMP lock; in the second, both
 * read.
 * The barrier between the stages is missing.
 */
#include <glib.h>
#include <omp.h>
#include <stdio.h>

enum { PART = 5 };

static GTree *tree;

static int by_number(gconstpointer a, gconstpointer b)
{
	return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

static int read_all(void)
{
	int found = 0;

	for (int i = 1; i <= 2 * PART; i++)
		found += g_tree_lookup(tree, GINT_TO_POINTER(i)) != NULL;
	return found;
}

int main(void)
{
	omp_lock_t lock;
	int found[2];

	tree = g_tree_new(by_number);
	omp_init_lock(&lock);
#pragma omp parallel num_threads(2)
	{
		int me = omp_get_thread_num();

		for (int i = 1; i <= PART; i++) {
			omp_set_lock(&lock);
			g_tree_insert(tree, GINT_TO_POINTER(me * PART + i), GINT_TO_POINTER(i));
			omp_unset_lock(&lock);
		}
		found[me] = read_all();
	}
	omp_destroy_lock(&lock);
	printf("%s found\n", found[0] + found[1] > 0 ? "some" : "none");
	g_tree_destroy(tree);
	return 0;
}
