/* CORPUS label=racy family=gtree primitive=left_right atomics=own repeats=yes twin=atom_left_right_clean cause=missing_wait */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A price list kept twice. Readers use the side that is shown and count themselves in and out by atomics, without
 * ever waiting; two writers take turns by a pthread mutex, change the hidden side, show it, and then change the other
 * side.
 * The writer does not wait for the readers of the side that it has just hidden.
 */
#include <glib.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { ITEMS = 6, ROUNDS = 1000 };

static struct side {
	GTree *prices;
	atomic_int inside;
} sides[2];
static atomic_int shown;
static pthread_mutex_t writers = PTHREAD_MUTEX_INITIALIZER;
static atomic_int writing = 2;

static gint compare(gconstpointer a, gconstpointer b)
{
	return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

static void change(int item, int price)
{
	int old;

	pthread_mutex_lock(&writers);
	old = atomic_load(&shown);
	g_tree_insert(sides[!old].prices, GINT_TO_POINTER(item), GINT_TO_POINTER(price));
	atomic_store(&shown, !old);
	g_tree_insert(sides[old].prices, GINT_TO_POINTER(item), GINT_TO_POINTER(price));
	pthread_mutex_unlock(&writers);
}

static int ask(int item)
{
	struct side *side;
	int price;

	for (;;) {
		side = &sides[atomic_load(&shown)];
		atomic_fetch_add(&side->inside, 1);
		if (side == &sides[atomic_load(&shown)])
			break;
		atomic_fetch_sub(&side->inside, 1);
	}
	price = GPOINTER_TO_INT(g_tree_lookup(side->prices, GINT_TO_POINTER(item)));
	atomic_fetch_sub(&side->inside, 1);
	return price;
}

static void *writer(void *arg)
{
	for (int n = 0; n < ROUNDS; n++) {
		change(1 + n % ITEMS, n);
		if (n % 64 == 0)
			usleep(200);
	}
	atomic_fetch_sub(&writing, 1);
	return arg;
}

int main(void)
{
	pthread_t threads[2];
	long sum = 0;

	for (int i = 0; i < 2; i++) {
		sides[i].prices = g_tree_new(compare);
		for (int item = 1; item <= ITEMS; item++)
			g_tree_insert(sides[i].prices, GINT_TO_POINTER(item), GINT_TO_POINTER(1));
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, writer, NULL);
	for (int n = 0; n < ROUNDS || atomic_load(&writing); n++)
		sum += ask(1 + n % ITEMS);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("%d items, prices %s\n", g_tree_nnodes(sides[0].prices), sum ? "seen" : "unseen");
	return 0;
}
