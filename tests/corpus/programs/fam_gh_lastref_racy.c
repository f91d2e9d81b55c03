/* CORPUS label=racy family=glib_hash primitive=join atomics=none repeats=no twin=fam_gh_lastref_clean cause=use-after-destroy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A spell checker looks words up in a dictionary of which it has a reference, while the settings
 * may change the language.
 * The old dictionary is destroyed while the checker may be looking: destroying empties the table,
 * whoever has references.
 */
#include <glib.h>
#include <stdio.h>

static const char *const english[] = { "colour", "flavour", "honour", "labour", "rumour" };

static gpointer check(gpointer data)
{
	GHashTable *dictionary = data;
	guint wrong = 0;

	wrong += !g_hash_table_contains(dictionary, "color");
	wrong += !g_hash_table_contains(dictionary, "honour");
	wrong += !g_hash_table_contains(dictionary, "rumor");
	g_hash_table_unref(dictionary);
	return GUINT_TO_POINTER(wrong);
}

int main(void)
{
	GHashTable *dictionary = g_hash_table_new(g_str_hash, g_str_equal);
	GThread *checker;
	guint wrong;

	for (guint i = 0; i < G_N_ELEMENTS(english); i++)
		g_hash_table_add(dictionary, (gpointer)english[i]);
	checker = g_thread_new("checker", check, g_hash_table_ref(dictionary));
	g_hash_table_destroy(dictionary);
	wrong = GPOINTER_TO_UINT(g_thread_join(checker));
	printf("%s\n", wrong <= 3 ? "checked" : "confused");
	return 0;
}
