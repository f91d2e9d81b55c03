/* CORPUS label=clean family=gtree primitive=pthread_mutex atomics=none repeats=no twin=prim_mutex_trylock_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A price list is loaded in bulk while the main thread holds its lock; a display thread would like to show a few
 * prices and does not want to wait.
 * It asks with trylock and keeps the old figure when the answer is no.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

enum { ARTICLES = 20 };

static GTree *prices;
static pthread_mutex_t prices_lock = PTHREAD_MUTEX_INITIALIZER;

static int by_number(gconstpointer a, gconstpointer b)
{
	return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

static void *display(void *shown)
{
	for (int article = 1; article <= ARTICLES; article += 3) {
		int taken = !pthread_mutex_trylock(&prices_lock);

		if (taken)
			*(int *)shown += g_tree_lookup(prices, GINT_TO_POINTER(article)) != NULL;
		if (taken)
			pthread_mutex_unlock(&prices_lock);
	}
	return NULL;
}

static void set_all(int base)
{
	for (int article = 1; article <= ARTICLES; article++)
		g_tree_insert(prices, GINT_TO_POINTER(article), GINT_TO_POINTER(base + article));
}

int main(void)
{
	pthread_t thread;
	int shown = 0;

	prices = g_tree_new(by_number);
	pthread_mutex_lock(&prices_lock);
	set_all(100);
	pthread_create(&thread, NULL, display, &shown);
	set_all(200);
	pthread_join(thread, NULL); /* the display is gone before the list is released */
	pthread_mutex_unlock(&prices_lock);
	printf("%d articles\n", g_tree_nnodes(prices));
	g_tree_destroy(prices);
	return 0;
}
