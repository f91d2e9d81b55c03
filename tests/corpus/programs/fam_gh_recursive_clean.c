/* CORPUS label=clean family=glib_hash primitive=gmutex atomics=none repeats=yes twin=fam_gh_recursive_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A document with a table of fields; a transaction sets several, each setter is also called alone.
 * The lock is recursive.
 * The setter takes the lock again inside a transaction.
 */
#include <glib.h>
#include <stdio.h>

static GHashTable *fields;
static GRecMutex document_lock;

static void field_set(const char *name, int value)
{
	g_rec_mutex_lock(&document_lock);
	g_hash_table_insert(fields, (gpointer)name, GINT_TO_POINTER(value));
	g_rec_mutex_unlock(&document_lock);
}

static void transaction(int value)
{
	g_rec_mutex_lock(&document_lock);
	field_set("width", value);
	field_set("height", value * 2);
	field_set("area", value * value * 2);
	g_rec_mutex_unlock(&document_lock);
}

static gpointer autosave(gpointer unused)
{
	(void)unused;
	for (int i = 0; i < 1500; i++)
		field_set("saved", i);
	return NULL;
}

int main(void)
{
	GThread *saver;

	fields = g_hash_table_new(g_str_hash, g_str_equal);
	transaction(0);
	field_set("saved", 0);
	saver = g_thread_new("autosave", autosave, NULL);
	for (int i = 0; i < 1500; i++)
		transaction(i);
	g_thread_join(saver);
	printf("%u fields, area %d\n", g_hash_table_size(fields), GPOINTER_TO_INT(g_hash_table_lookup(fields, "area")));
	g_hash_table_destroy(fields);
	return 0;
}
