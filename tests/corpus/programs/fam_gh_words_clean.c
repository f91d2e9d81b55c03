/* CORPUS label=clean family=glib_hash primitive=gmutex atomics=none repeats=yes twin=fam_gh_words_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Two readers count words of two texts in one table of counters.
 * Each reader has a pointer to the one lock of the table.
 */
#include <glib.h>
#include <stdio.h>

static const char *const known[] = { "the", "sea", "ship", "wind", "sail", "rope", "deck", "star" };

struct reader {
	GMutex *lock;
	guint first, step;
};

static GMutex counts_lock;
static GHashTable *counts;

static void count_word(struct reader *r, const char *word)
{
	guint n;

	g_mutex_lock(r->lock);
	n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, word));
	g_hash_table_insert(counts, (gpointer)word, GUINT_TO_POINTER(n + 1));
	g_mutex_unlock(r->lock);
}

static gpointer read_text(gpointer data)
{
	struct reader *r = data;

	for (guint i = 0; i < 5000; i++)
		count_word(r, known[(r->first + i * r->step) % G_N_ELEMENTS(known)]);
	return NULL;
}

int main(void)
{
	static struct reader novel = { .first = 0, .step = 3 }, poem = { .first = 5, .step = 1 };
	GThread *thread;

	g_mutex_init(&counts_lock);
	novel.lock = poem.lock = &counts_lock;
	counts = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < G_N_ELEMENTS(known); i++)
		g_hash_table_insert(counts, (gpointer)known[i], NULL);
	thread = g_thread_new("novel", read_text, &novel);
	read_text(&poem);
	g_thread_join(thread);
	printf("%u words known\n", g_hash_table_size(counts));
	g_hash_table_unref(counts);
	return 0;
}
