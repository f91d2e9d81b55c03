/* CORPUS label=racy family=glib_hash primitive=atomic_counter atomics=own repeats=no twin=atom_refcount_destroy_clean cause=use_after_release */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A catalogue is shared by three sellers, with a reference count of the program's own. Each seller looks up a few
 * articles and drops its reference; whoever drops the last one destroys the table.
 * A seller looks up one more article after it has dropped its reference.
 */
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { SELLERS = 3, ARTICLES = 5 };

struct catalogue {
	GHashTable *prices;
	atomic_int references;
};

static struct catalogue shared;
static atomic_int destroyed;

/* True for the last reference. */
static int drop(struct catalogue *catalogue)
{
	return atomic_fetch_sub_explicit(&catalogue->references, 1, memory_order_acq_rel) == 1;
}

static int price(struct catalogue *catalogue, int article)
{
	return GPOINTER_TO_INT(g_hash_table_lookup(catalogue->prices, GINT_TO_POINTER(article)));
}

static void *seller(void *arg)
{
	int *total = arg;
	int number = *total, last;

	*total = 0;
	usleep(4000 * number);
	for (int article = 1; article < ARTICLES; article++)
		*total += price(&shared, article);
	last = drop(&shared);
	*total += price(&shared, ARTICLES);
	if (last) {
		g_hash_table_destroy(shared.prices);
		atomic_store_explicit(&destroyed, 1, memory_order_relaxed);
	}
	return NULL;
}

int main(void)
{
	pthread_t sellers[SELLERS];
	int totals[SELLERS];

	shared.prices = g_hash_table_new(NULL, NULL);
	for (int article = 1; article <= ARTICLES; article++)
		g_hash_table_insert(shared.prices, GINT_TO_POINTER(article), GINT_TO_POINTER(10 * article));
	atomic_init(&shared.references, SELLERS);
	for (int i = 0; i < SELLERS; i++) {
		totals[i] = 1 + i;
		pthread_create(&sellers[i], NULL, seller, &totals[i]);
	}
	for (int i = 0; i < SELLERS; i++)
		pthread_join(sellers[i], NULL);
	printf("catalogue %s\n", destroyed ? "destroyed" : "kept");
	return 0;
}
