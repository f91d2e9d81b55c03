/* SPDX-License-Identifier: MIT */
#include "shelf.h"

void shelf_open(struct shelf *s, int locking)
{
	s->books = g_hash_table_new(g_direct_hash, g_direct_equal);
	g_mutex_init(&s->lock);
	s->locking = locking;
}

void shelf_put(struct shelf *s, int number, const char *title)
{
	if (s->locking)
		g_mutex_lock(&s->lock);
	g_hash_table_insert(s->books, GINT_TO_POINTER(number), (gpointer)title);
	if (s->locking)
		g_mutex_unlock(&s->lock);
}

const char *shelf_find(struct shelf *s, int number)
{
	const char *title;

	g_mutex_lock(&s->lock);
	title = g_hash_table_lookup(s->books, GINT_TO_POINTER(number));
	g_mutex_unlock(&s->lock);
	return title;
}

void shelf_close(struct shelf *s)
{
	g_hash_table_destroy(s->books);
	g_mutex_clear(&s->lock);
}
