/* CORPUS label=racy family=gtree primitive=atomic_flag atomics=own repeats=yes twin=atom_stop_flag_clean cause=forgotten_lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A sampler keeps the last measurements in a tree until a stop flag goes up; main looks at some of them, all the
 * time.
 * The stop flag is the only thing that the two have in common, and it guards nothing but the end.
 */
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { PLACES = 7, LOOKS = 12000 };

static GTree *measurements;
static atomic_bool stop;
static atomic_int taken;

static gint compare(gconstpointer a, gconstpointer b)
{
	return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

static void *sampler(void *arg)
{
	for (int n = 0; !atomic_load_explicit(&stop, memory_order_relaxed); n++) {
		g_tree_replace(measurements, GINT_TO_POINTER(1 + n % PLACES), GINT_TO_POINTER(n));
		atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);
	}
	return arg;
}

int main(void)
{
	pthread_t thread;
	long warm = 0;

	measurements = g_tree_new(compare);
	for (int place = 1; place <= PLACES; place++)
		g_tree_insert(measurements, GINT_TO_POINTER(place), NULL);
	pthread_create(&thread, NULL, sampler, NULL);
	for (int n = 0; n < LOOKS || atomic_load_explicit(&taken, memory_order_relaxed) < LOOKS; n++) {
		warm += GPOINTER_TO_INT(g_tree_lookup(measurements, GINT_TO_POINTER(1 + n % PLACES))) > 20;
	}
	atomic_store_explicit(&stop, 1, memory_order_relaxed);
	pthread_join(thread, NULL);
	printf("%d places, %s\n", g_tree_nnodes(measurements), warm ? "warm" : "cold");
	g_tree_destroy(measurements);
	return 0;
}
