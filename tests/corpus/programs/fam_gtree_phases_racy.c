/* CORPUS label=racy family=gtree primitive=join atomics=none repeats=no twin=fam_gtree_phases_clean cause=unsynchronised */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * An index is built by one thread and then searched by others: two phases.
 * The searchers are started first and the builder is joined last, so the phases overlap.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static GTree *titles; /* made before the first thread */
static const char *const shelf[] = { "Emma",	 "Middlemarch", "Persuasion", "Evelina",
				     "Cranford", "Villette",	"Shirley" };

static void *build(void *unused)
{
	(void)unused;
	for (guint i = 0; i < G_N_ELEMENTS(shelf); i++)
		g_tree_insert(titles, (gpointer)shelf[i], GUINT_TO_POINTER(i + 1));
	return NULL;
}

static void *search(void *from)
{
	gsize found = 0;

	for (guint i = GPOINTER_TO_UINT(from); i < G_N_ELEMENTS(shelf); i += 2)
		found += g_tree_lookup(titles, shelf[i]) != NULL;
	return GSIZE_TO_POINTER(found);
}

int main(void)
{
	pthread_t builder, searchers[2];
	gsize sum = 0;

	titles = g_tree_new((GCompareFunc)strcmp);
	pthread_create(&builder, NULL, build, NULL);
	for (guint i = 0; i < 2; i++)
		pthread_create(&searchers[i], NULL, search, GUINT_TO_POINTER(i));
	for (int i = 0; i < 2; i++) {
		void *found;

		pthread_join(searchers[i], &found);
		sum += GPOINTER_TO_SIZE(found);
	}
	pthread_join(builder, NULL);
	printf("%s of %zu titles\n", sum <= G_N_ELEMENTS(shelf) ? "found" : "lost", G_N_ELEMENTS(shelf));
	g_tree_destroy(titles);
	return 0;
}
