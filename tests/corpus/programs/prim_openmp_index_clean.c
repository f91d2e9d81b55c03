/* CORPUS label=clean family=tsearch primitive=openmp atomics=none repeats=no twin=prim_openmp_index_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: -fopenmp */
/*
 * Records are checked against an index in a parallel loop; records that are new would be added.
 * The access to the index is a critical section.
 */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDS = 4000, KEYS = 32 };

static char keys[KEYS][12];
static void *tree;

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int check(int record)
{
	char key[12];
	char **found;

	snprintf(key, sizeof(key), "key-%d", record % KEYS);
#pragma omp critical(the_index)
	found = tsearch(key, &tree, compare);
	return found != NULL;
}

int main(void)
{
	int checked[2] = { 0, 0 };

	for (int i = 0; i < KEYS; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key-%d", i);
		if (!tsearch(keys[i], &tree, compare))
			abort();
	}
#pragma omp parallel for num_threads(2) schedule(static)
	for (int half = 0; half < 2; half++) {
		int n = 0;

		for (int i = 0; i < RECORDS / 2; i++)
			n += check(half * RECORDS / 2 + i);
		checked[half] = n;
	}
	printf("%d records checked\n", checked[0] + checked[1]);
	return 0;
}
