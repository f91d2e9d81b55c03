/* CORPUS label=racy family=glib_hash primitive=join atomics=none repeats=no twin=fam_gh_teardown_clean cause=use-after-destroy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A prefetcher asks a table of pages which ones are there; at the end main takes the table apart.
 * Main empties and gives up the table before the prefetcher was joined. The archive's reference
 * keeps its memory until the end.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

static int pages[40];

static void *prefetch(void *arg)
{
	GHashTable *table = arg;
	gsize there = 0;

	for (int n = 0; n < 60; n += 6)
		there += g_hash_table_contains(table, GINT_TO_POINTER(n));
	return GSIZE_TO_POINTER(there);
}

int main(void)
{
	GHashTable *table = g_hash_table_new(g_direct_hash, g_direct_equal), *archive = g_hash_table_ref(table);
	pthread_t thread;
	void *there;

	for (int n = 0; n < 40; n++) {
		pages[n] = n * n;
		g_hash_table_insert(table, GINT_TO_POINTER(n), &pages[n]);
	}
	if (pthread_create(&thread, NULL, prefetch, table) != 0)
		return 1;
	g_hash_table_destroy(table);
	pthread_join(thread, &there);
	printf("prefetched %s\n", GPOINTER_TO_SIZE(there) <= 10 ? "some" : "too many");
	g_hash_table_unref(archive);
	return 0;
}
