/* CORPUS label=racy family=glib_hash primitive=gqueue atomics=none repeats=no twin=prim_gqueue_orders_clean */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Orders are tables, passed to the kitchen through a GAsyncQueue; a last, empty order closes it.
 * The waiter adds a dessert to the last real order when it is on its way already.
 */
#include <glib.h>
#include <stdio.h>

enum { ORDERS = 4 };

static GAsyncQueue *orders;

static GHashTable *new_order(int seat)
{
	GHashTable *order = g_hash_table_new(g_str_hash, g_str_equal);

	g_hash_table_insert(order, "seat", GINT_TO_POINTER(seat));
	g_hash_table_insert(order, "soup", GINT_TO_POINTER(1));
	return order;
}

static gpointer kitchen(gpointer unused)
{
	int cooked = 0;

	for (int i = 0; i < ORDERS; i++) {
		GHashTable *order = g_async_queue_pop(orders);

		cooked += GPOINTER_TO_INT(g_hash_table_lookup(order, "soup"));
	}
	return GINT_TO_POINTER(cooked);
}

int main(void)
{
	GHashTable *all[ORDERS];
	GThread *thread;
	int cooked;

	orders = g_async_queue_new();
	thread = g_thread_new("kitchen", kitchen, NULL);
	for (int i = 0; i < ORDERS; i++) {
		all[i] = new_order(i + 1);
		g_async_queue_push(orders, all[i]);
	}
	g_hash_table_insert(all[ORDERS - 1], "cake", GINT_TO_POINTER(2));
	cooked = GPOINTER_TO_INT(g_thread_join(thread));
	printf("%d orders cooked\n", cooked);
	for (int i = 0; i < ORDERS; i++)
		g_hash_table_destroy(all[i]);
	g_async_queue_unref(orders);
	return 0;
}
