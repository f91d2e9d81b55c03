/* CORPUS label=racy family=glib_hash primitive=gmain atomics=none repeats=no twin=prim_gmain_second_loop_clean */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A second thread runs a main loop of its own; main sends it work as an idle source.
 * Main adds one more entry after it has sent the work.
 */
#include <glib.h>
#include <stdio.h>

static GHashTable *jobs;
static GMainContext *context;
static GMainLoop *loop;
static int done;

static gboolean work(gpointer table)
{
	for (int job = 1; job <= 4; job++)
		done += g_hash_table_contains(table, GINT_TO_POINTER(job));
	g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

static gpointer run(gpointer unused)
{
	g_main_context_push_thread_default(context);
	g_main_loop_run(loop);
	g_main_context_pop_thread_default(context);
	return unused;
}

static GSource *send(GHashTable *table)
{
	GSource *source = g_idle_source_new();

	g_source_set_callback(source, work, table, NULL);
	g_source_attach(source, context);
	return source;
}

int main(void)
{
	GThread *thread;
	GSource *sent;

	context = g_main_context_new();
	loop = g_main_loop_new(context, FALSE);
	jobs = g_hash_table_new(NULL, NULL);
	thread = g_thread_new("loop", run, NULL);
	for (int job = 1; job <= 4; job++)
		g_hash_table_insert(jobs, GINT_TO_POINTER(job), GINT_TO_POINTER(job + 100));
	sent = send(jobs);
	g_hash_table_insert(jobs, GINT_TO_POINTER(5), GINT_TO_POINTER(105));
	g_thread_join(thread);
	printf("%d jobs done\n", done);
	g_source_unref(sent);
	g_main_loop_unref(loop);
	g_main_context_unref(context);
	return 0;
}
