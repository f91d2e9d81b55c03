/* CORPUS label=racy family=glib_hash primitive=join atomics=none repeats=no twin=fam_gh_tally_clean cause=unsynchronised */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Two clerks tally the votes of their ballot boxes.
 * Each clerk adds its tally to the result when it is done, whatever the other one does.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

struct clerk {
	pthread_t thread;
	unsigned seed;
	GHashTable *votes;
};

static GHashTable *result;

static void add_to_result(gpointer candidate, gpointer votes, gpointer unused)
{
	gpointer sum = g_hash_table_lookup(result, candidate);

	(void)unused;
	g_hash_table_insert(result, candidate, GUINT_TO_POINTER(GPOINTER_TO_UINT(sum) + GPOINTER_TO_UINT(votes)));
}

static void *count(void *arg)
{
	struct clerk *c = arg;

	for (int ballot = 0; ballot < 500; ballot++) {
		gpointer candidate;

		c->seed = c->seed * 1103515245 + 12345;
		candidate = GUINT_TO_POINTER(1 + (c->seed >> 16) % 5);
		g_hash_table_insert(c->votes, candidate,
				    GUINT_TO_POINTER(GPOINTER_TO_UINT(g_hash_table_lookup(c->votes, candidate)) + 1));
	}
	g_hash_table_foreach(c->votes, add_to_result, NULL);
	return NULL;
}

int main(void)
{
	struct clerk clerks[2] = { { .seed = 17 }, { .seed = 4711 } };

	result = g_hash_table_new(NULL, NULL);
	for (guint i = 1; i <= 5; i++)
		g_hash_table_insert(result, GUINT_TO_POINTER(i), NULL);
	for (int i = 0; i < 2; i++) {
		clerks[i].votes = g_hash_table_new(NULL, NULL);
		pthread_create(&clerks[i].thread, NULL, count, &clerks[i]);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(clerks[i].thread, NULL);
	printf("%u candidates\n", g_hash_table_size(result));
	return 0;
}
