/* CORPUS label=racy family=glib_hash primitive=c11 atomics=none repeats=yes twin=prim_c11_inventory_clean cause=forgotten-lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * An inventory written with C11 threads: one thread counts goods in, the other out.
 * The one that counts out has no lock.
 */
#include <glib.h>
#include <stdio.h>
#include <threads.h>

enum { GOODS = 30, MOVES = 2500 };

static GHashTable *inventory;
static mtx_t inventory_lock;

static int good_of(int move)
{
	char label[24];
	int good = 0;

	snprintf(label, sizeof(label), "box-%04d", move % GOODS + 1);
	sscanf(label, "box-%d", &good);
	return good;
}

static void change(int good, int by)
{
	int now = GPOINTER_TO_INT(g_hash_table_lookup(inventory, GINT_TO_POINTER(good)));

	g_hash_table_insert(inventory, GINT_TO_POINTER(good), GINT_TO_POINTER(now + by));
}

static int goods_in(void *unused)
{
	for (int i = 0; i < MOVES; i++) {
		int good = good_of(i);

		mtx_lock(&inventory_lock);
		change(good, 2);
		mtx_unlock(&inventory_lock);
	}
	return 0;
}

static int goods_out(void *unused)
{
	for (int i = 0; i < MOVES; i++) {
		int good = good_of(i * 11);

		change(good, -1);
	}
	return 0;
}

int main(void)
{
	thrd_t threads[2];

	mtx_init(&inventory_lock, mtx_plain);
	inventory = g_hash_table_new(NULL, NULL);
	for (int good = 1; good <= GOODS; good++)
		g_hash_table_insert(inventory, GINT_TO_POINTER(good), GINT_TO_POINTER(10000));
	thrd_create(&threads[0], goods_in, NULL);
	thrd_create(&threads[1], goods_out, NULL);
	thrd_join(threads[0], NULL);
	thrd_join(threads[1], NULL);
	printf("%u goods, %d moves each way\n", g_hash_table_size(inventory), MOVES);
	mtx_destroy(&inventory_lock);
	return 0;
}
