/* CORPUS label=racy family=gtree primitive=atomic_spin atomics=own repeats=yes twin=atom_spin_ttas_pause_clean cause=wrong_lock debug=no */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Price levels in two trees (bids and asks), a test-and-test-and-set lock for each, with a pause instruction while it
 * waits. Two gateways update levels.
 * The second gateway picks the lock by the other parity than the tree: it holds the lock of the wrong side.
 */
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { LEVELS = 7, ROUNDS = 12000 };

struct side {
	GTree *levels;
	atomic_int lock;
};

static struct side sides[2];
static atomic_int progress[2];

static void side_lock(struct side *side)
{
	while (atomic_load_explicit(&side->lock, memory_order_relaxed) ||
	       atomic_exchange_explicit(&side->lock, 1, memory_order_acquire))
		__builtin_ia32_pause();
}

static void side_unlock(struct side *side)
{
	atomic_store_explicit(&side->lock, 0, memory_order_release);
}

static gint by_price(gconstpointer a, gconstpointer b)
{
	return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

static void *gateway(void *arg)
{
	int me = GPOINTER_TO_INT(arg);

	for (unsigned n = 0; n < ROUNDS || atomic_load_explicit(&progress[!me], memory_order_relaxed) < ROUNDS; n++) {
		struct side *side = &sides[n / 64 % 2];
		struct side *guard = &sides[(n / 64 + me) % 2];

		side_lock(guard);
		g_tree_insert(side->levels, GINT_TO_POINTER(100 + n % LEVELS), GINT_TO_POINTER(n));
		side_unlock(guard);
		atomic_fetch_add_explicit(&progress[me], 1, memory_order_relaxed);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++) {
		sides[i].levels = g_tree_new(by_price);
		for (int level = 0; level < LEVELS; level++)
			g_tree_insert(sides[i].levels, GINT_TO_POINTER(100 + level), NULL);
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, gateway, GINT_TO_POINTER(i));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("%d bid levels, %d ask levels\n", g_tree_nnodes(sides[0].levels), g_tree_nnodes(sides[1].levels));
	g_tree_destroy(sides[0].levels);
	g_tree_destroy(sides[1].levels);
	return 0;
}
