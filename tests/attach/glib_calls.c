/* SPDX-License-Identifier: MIT */
/* BUILD: gio-2.0 */
/*
 * glib_calls.c - a program that makes the same calls of GLib in every run: its own, and many more that GLib, GObject and GIO
 * make for it. One thread at a time does something; the threads only hand over.
 */
#include <gio/gio.h>
#include <stdio.h>

static GMutex lock;
static GHashTable *table;

static void each(gpointer key, gpointer value, gpointer sum)
{
	*(long *)sum += GPOINTER_TO_INT(key) + GPOINTER_TO_INT(value);
}

static gboolean is_odd(gpointer key, gpointer value, gpointer unused)
{
	return GPOINTER_TO_INT(key) & 1;
}

static gpointer adds(gpointer base)
{
	for (int i = 0; i < 100; i++) {
		g_mutex_lock(&lock);
		g_hash_table_insert(table, GINT_TO_POINTER(GPOINTER_TO_INT(base) + i), GINT_TO_POINTER(i));
		g_mutex_unlock(&lock);
	}
	return NULL;
}

static long tables(void)
{
	long sum = 0;
	GHashTableIter i;
	gpointer key, value;
	GList *keys;

	table = g_hash_table_new(NULL, NULL);
	for (int n = 0; n < 3; n++)
		g_thread_join(g_thread_new("adds", adds, GINT_TO_POINTER(n * 50)));
	g_hash_table_foreach(table, each, &sum);
	g_hash_table_iter_init(&i, table);
	while (g_hash_table_iter_next(&i, &key, &value)) {
		if (GPOINTER_TO_INT(key) % 7 == 0)
			g_hash_table_iter_remove(&i);
		else if (GPOINTER_TO_INT(key) % 11 == 0)
			g_hash_table_iter_replace(&i, key);
		else if (GPOINTER_TO_INT(key) % 13 == 0)
			g_hash_table_iter_steal(&i);
	}
	sum += g_hash_table_foreach_remove(table, is_odd, NULL);
	keys = g_hash_table_get_keys(table);
	for (GList *k = keys; k; k = k->next)
		sum += g_hash_table_contains(table, k->data) + g_hash_table_lookup_extended(table, k->data, NULL, NULL);
	g_list_free(keys);
	g_hash_table_steal(table, GINT_TO_POINTER(2));
	g_hash_table_replace(table, GINT_TO_POINTER(2), NULL);
	g_hash_table_add(table, GINT_TO_POINTER(2));
	sum += g_hash_table_size(table);
	g_hash_table_unref(g_hash_table_ref(table));
	g_hash_table_remove_all(table);
	g_hash_table_steal_all(table);
	g_hash_table_destroy(table);
	return sum;
}

/* What of GLib is built from tables and locks. */
static long inside(void)
{
	GKeyFile *file = g_key_file_new();
	GQueue queue = G_QUEUE_INIT;
	GAsyncQueue *handed = g_async_queue_new();
	GMainContext *context = g_main_context_new();
	GSimpleActionGroup *group = g_simple_action_group_new();
	GSimpleAction *action = g_simple_action_new("go", NULL);
	GApplication *application = g_application_new("org.example.Calls", G_APPLICATION_NON_UNIQUE);
	char **words = g_strsplit("one two three four", " ", 0);
	long sum = 0;

	for (int i = 0; words[i]; i++) {
		char *key = g_strdup_printf("key-%d", i);

		g_key_file_set_string(file, "group", key, words[i]);
		sum += g_quark_from_string(key);
		sum += strlen(g_intern_string(words[i]));
		g_queue_push_tail(&queue, words[i]);
		g_async_queue_push(handed, words[i]);
		g_free(key);
	}
	sum += g_key_file_has_key(file, "group", "key-2", NULL);
	g_key_file_remove_key(file, "group", "key-1", NULL);
	while (g_async_queue_length(handed) > 0)
		g_async_queue_pop(handed);
	g_queue_clear(&queue);
	g_action_map_add_action(G_ACTION_MAP(group), G_ACTION(action));
	sum += g_action_group_has_action(G_ACTION_GROUP(group), "go");
	g_main_context_iteration(context, FALSE);
	sum += g_type_from_name("GSimpleAction") != 0;
	g_object_unref(application);
	g_object_unref(action);
	g_object_unref(group);
	g_main_context_unref(context);
	g_async_queue_unref(handed);
	g_strfreev(words);
	g_key_file_free(file);
	return sum;
}

int main(void)
{
	long a = tables(), b = inside();

	printf("%ld %d\n", a, b > 0);
	return 0;
}
