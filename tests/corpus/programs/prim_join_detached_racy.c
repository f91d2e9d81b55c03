/* CORPUS label=racy family=gtree primitive=join atomics=none repeats=no twin=prim_join_detached_clean */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A supervisor thread starts a helper and waits for it; main waits for the supervisor and reads what the helper left.
 * The supervisor lets the helper run and main reads after the supervisor's end; the helper is waited for later.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

enum { ROWS = 9 };

static GTree *report;
static pthread_t helper_thread;

static int by_number(gconstpointer a, gconstpointer b)
{
	return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

static void *helper(void *unused)
{
	for (int row = 1; row <= ROWS; row++)
		g_tree_insert(report, GINT_TO_POINTER(row), GINT_TO_POINTER(row * row));
	return unused;
}

static void *supervisor(void *unused)
{
	pthread_create(&helper_thread, NULL, helper, NULL);
	return unused;
}

int main(void)
{
	pthread_t thread;
	int found = 0;

	report = g_tree_new(by_number);
	pthread_create(&thread, NULL, supervisor, NULL);
	pthread_join(thread, NULL);
	for (int row = 1; row <= ROWS; row++)
		found += g_tree_lookup(report, GINT_TO_POINTER(row)) != NULL;
	pthread_join(helper_thread, NULL);
	printf("report written, read: %s\n", found >= 0 ? "yes" : "no");
	g_tree_destroy(report);
	return 0;
}
