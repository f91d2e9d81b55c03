/* CORPUS label=racy family=glib_hash primitive=gqueue atomics=none repeats=no twin=fam_gh_handover_clean cause=publication */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A crawler puts what it found on a page into a table and gives that to an indexer through a GAsyncQueue.
 * The crawler adds the time it took after the push.
 */
#include <glib.h>
#include <stdio.h>

#define PAGES 5

static GAsyncQueue *found;

static gpointer crawl(gpointer unused)
{
	(void)unused;
	for (int page = 1; page <= PAGES; page++) {
		GHashTable *links = g_hash_table_new(NULL, NULL);

		for (int i = 0; i < page * 3; i++)
			g_hash_table_insert(links, GINT_TO_POINTER(100 * page + i), GINT_TO_POINTER(i));
		g_async_queue_push(found, links);
		g_hash_table_insert(links, GINT_TO_POINTER(-1), GINT_TO_POINTER(page));
	}
	return NULL;
}

int main(void)
{
	GHashTable *tables[PAGES];
	GThread *crawler;
	guint links = 0;

	found = g_async_queue_new();
	crawler = g_thread_new("crawler", crawl, NULL);
	for (int i = 0; i < PAGES; i++) {
		tables[i] = g_async_queue_pop(found);
		links += g_hash_table_lookup(tables[i], GINT_TO_POINTER(100 * (i + 1))) == NULL;
	}
	g_thread_join(crawler);
	for (int i = 0; i < PAGES; i++)
		g_hash_table_destroy(tables[i]);
	g_async_queue_unref(found);
	printf("%s\n", links <= 5 ? "indexed" : "odd");
	return 0;
}
