/* CORPUS label=clean family=gtree primitive=pthread_mutex atomics=none repeats=yes twin=fam_gtree_prices_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Prices in a balanced tree: a feed changes them, a reporter walks over all and adds up.
 * The walk holds the lock from begin to end.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

#define GOODS 64

static GTree *prices;
static pthread_mutex_t prices_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t day, day_over;

static gint by_number(gconstpointer a, gconstpointer b)
{
	return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

static gboolean add_up(gpointer good, gpointer price, gpointer sum)
{
	*(gulong *)sum += GPOINTER_TO_INT(good) * GPOINTER_TO_UINT(price);
	return FALSE;
}

static void *feed(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&day);
	for (int tick = 0; tick < 3000; tick++) {
		pthread_mutex_lock(&prices_lock);
		g_tree_insert(prices, GINT_TO_POINTER(tick * 5 % GOODS), GINT_TO_POINTER(100 + tick % 9));
		pthread_mutex_unlock(&prices_lock);
	}
	pthread_barrier_wait(&day_over);
	return NULL;
}

int main(void)
{
	pthread_t thread;
	gulong sum = 0;

	prices = g_tree_new(by_number);
	for (int good = 0; good < GOODS; good++)
		g_tree_insert(prices, GINT_TO_POINTER(good), GINT_TO_POINTER(100));
	pthread_barrier_init(&day, NULL, 2);
	pthread_barrier_init(&day_over, NULL, 2);
	pthread_create(&thread, NULL, feed, NULL);
	pthread_barrier_wait(&day);
	for (int report = 0; report < 1000; report++) {
		pthread_mutex_lock(&prices_lock);
		g_tree_foreach(prices, add_up, &sum);
		pthread_mutex_unlock(&prices_lock);
	}
	pthread_barrier_wait(&day_over);
	pthread_join(thread, NULL);
	printf("worth %s\n", sum ? "something" : "nothing");
	g_tree_destroy(prices);
	return 0;
}
