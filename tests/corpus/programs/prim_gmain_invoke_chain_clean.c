/* CORPUS label=clean family=glib_hash primitive=gmain atomics=none repeats=no twin=prim_gmain_invoke_chain_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Two loops in two threads: main posts a step to the first, the first posts the next step to the second.
 * Each step is done with the table before it passes it on.
 */
#include <glib.h>
#include <stdio.h>

struct station {
	GMainContext *context;
	GMainLoop *loop;
	GThread *thread;
	GSource *posted;
};

static struct station stations[2];
static int found;

static void post(struct station *station, GSourceFunc step, gpointer table)
{
	station->posted = g_idle_source_new();
	g_source_set_callback(station->posted, step, table, NULL);
	g_source_attach(station->posted, station->context);
}

static gpointer run(gpointer arg)
{
	struct station *station = arg;

	g_main_context_push_thread_default(station->context);
	g_main_loop_run(station->loop);
	g_main_context_pop_thread_default(station->context);
	return NULL;
}

static gboolean second_step(gpointer table)
{
	for (int i = 0; i < 4; i++)
		found += g_hash_table_contains(table, "first");
	g_main_loop_quit(stations[1].loop);
	return G_SOURCE_REMOVE;
}

static gboolean first_step(gpointer table)
{
	g_hash_table_insert(table, "first", GINT_TO_POINTER(1));
	g_hash_table_insert(table, "extra", GINT_TO_POINTER(2));
	g_hash_table_insert(table, "more", GINT_TO_POINTER(3));
	post(&stations[1], second_step, table);
	g_main_loop_quit(stations[0].loop);
	return G_SOURCE_REMOVE;
}

int main(void)
{
	GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);

	g_hash_table_insert(table, "zero", GINT_TO_POINTER(9));
	for (int i = 0; i < 2; i++) {
		stations[i].context = g_main_context_new();
		stations[i].loop = g_main_loop_new(stations[i].context, FALSE);
	}
	for (int i = 0; i < 2; i++)
		stations[i].thread = g_thread_new("station", run, &stations[i]);
	post(&stations[0], first_step, table);
	for (int i = 0; i < 2; i++)
		g_thread_join(stations[i].thread);
	for (int i = 0; i < 2; i++)
		g_source_unref(stations[i].posted);
	printf("found %d times\n", found);
	g_hash_table_destroy(table);
	return 0;
}
