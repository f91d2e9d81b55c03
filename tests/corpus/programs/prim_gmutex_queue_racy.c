/* CORPUS label=racy family=glib_hash primitive=gmutex atomics=none repeats=yes twin=prim_gmutex_queue_clean cause=forgotten-lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A download list under a GMutex: the network thread marks progress, the window (main) shows it.
 * The window reads without the mutex.
 */
#include <glib.h>
#include <stdio.h>

enum { FILES = 12, CHUNKS = 250 };

static GHashTable *progress;
static GMutex progress_lock;

static gpointer network(gpointer unused)
{
	for (int chunk = 0; chunk < CHUNKS; chunk++)
		for (int file = 1; file <= FILES; file++) {
			g_mutex_lock(&progress_lock);
			g_hash_table_insert(progress, GINT_TO_POINTER(file), GINT_TO_POINTER(100 + chunk));
			g_mutex_unlock(&progress_lock);
		}
	return unused;
}

static int show(void)
{
	char line[64];
	int length = 0;

	for (int file = 1; file <= FILES; file++) {
		int done;

		done = GPOINTER_TO_INT(g_hash_table_lookup(progress, GINT_TO_POINTER(file)));
		length += g_snprintf(line, sizeof(line), "file %2d %d%%", file, done) > 0;
	}
	return length;
}

int main(void)
{
	GThread *thread;
	int lines = 0;

	progress = g_hash_table_new(NULL, NULL);
	for (int file = 1; file <= FILES; file++)
		g_hash_table_insert(progress, GINT_TO_POINTER(file), GINT_TO_POINTER(100));
	thread = g_thread_new("network", network, NULL);
	for (int i = 0; i < CHUNKS; i++)
		lines += show();
	g_thread_join(thread);
	printf("%d lines shown\n", lines);
	g_hash_table_destroy(progress);
	return 0;
}
