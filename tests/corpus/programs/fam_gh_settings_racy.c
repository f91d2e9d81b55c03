/* CORPUS label=racy family=glib_hash primitive=none atomics=none repeats=no twin=fam_gh_settings_clean cause=publication */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * The settings are read into a table, a renderer gets the table with its start.
 * The command line is parsed after the renderer was started, and overrides settings that it may be reading.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void read_defaults(GHashTable *settings)
{
	static const char *const lines[] = { "width=640", "height=480", "depth=24", "title=untitled", "vsync=1" };

	for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
		const char *eq = lines[i];

		while (*eq != '=')
			eq++;
		g_hash_table_insert(settings, g_strndup(lines[i], eq - lines[i]), g_strdup(eq + 1));
	}
}

static void read_command_line(GHashTable *settings)
{
	g_hash_table_insert(settings, g_strdup("fullscreen"), g_strdup("no"));
	g_hash_table_insert(settings, g_strdup("gamma"), g_strdup("22"));
}

static void *render(void *arg)
{
	GHashTable *settings = arg;
	const char *w = g_hash_table_lookup(settings, "width"), *h = g_hash_table_lookup(settings, "height");

	return GINT_TO_POINTER(atoi(w) * atoi(h));
}

int main(void)
{
	GHashTable *settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	pthread_t renderer;
	void *pixels;

	read_defaults(settings);
	pthread_create(&renderer, NULL, render, settings);
	read_command_line(settings);
	pthread_join(renderer, &pixels);
	printf("%d pixels\n", GPOINTER_TO_INT(pixels));
	g_hash_table_destroy(settings);
	return 0;
}
