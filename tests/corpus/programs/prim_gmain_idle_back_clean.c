/* CORPUS label=clean family=gtree primitive=gmain atomics=none repeats=no twin=prim_gmain_idle_back_racy tricky=yes debug=no */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A worker sends its results to main's loop with g_idle_add(); the tree of results belongs to main.
 * The worker sends every result.
 */
#include <glib.h>
#include <stdio.h>

enum { RESULTS = 6 };

static GTree *results;
static GMainLoop *loop;

static int by_number(gconstpointer a, gconstpointer b)
{
	return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

static gboolean enter(gpointer result)
{
	g_tree_insert(results, result, GINT_TO_POINTER(GPOINTER_TO_INT(result) * 2));
	if (GPOINTER_TO_INT(result) == RESULTS)
		g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

static gpointer worker(gpointer unused)
{
	for (int result = 1; result <= RESULTS; result++) {
		g_idle_add(enter, GINT_TO_POINTER(result));
	}
	return unused;
}

int main(void)
{
	GThread *thread;
	int sum = 0;

	loop = g_main_loop_new(NULL, FALSE);
	results = g_tree_new(by_number);
	thread = g_thread_new("worker", worker, NULL);
	g_main_loop_run(loop);
	for (int result = 1; result < RESULTS; result++)
		sum += GPOINTER_TO_INT(g_tree_lookup(results, GINT_TO_POINTER(result)));
	g_thread_join(thread);
	printf("results: %s\n", sum > 0 ? "some" : "none");
	g_main_loop_unref(loop);
	g_tree_destroy(results);
	return 0;
}
