/* CORPUS label=racy family=gtree primitive=atomic_pointer atomics=own repeats=yes twin=atom_publish_never_waits_clean cause=published_too_early */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A resolver works on requests; a second thread prepares overriding routes and installs them. Before each request the
 * resolver looks once at the pointer: no routes yet means the default one, it never waits.
 * The routes are installed when they are still empty, and then filled and updated in place.
 */
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { ROUTES = 6, UPDATES = 200 };

static _Atomic(GTree *) routes;
static atomic_bool stop;

static gint by_network(gconstpointer a, gconstpointer b)
{
	return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

static void *prepare(void *arg)
{
	GTree *fresh = g_tree_new(by_network);

	atomic_store_explicit(&routes, fresh, memory_order_release);
	for (int n = 0; n < UPDATES; n++) {
		g_tree_insert(fresh, GINT_TO_POINTER(10 + n % ROUTES), GINT_TO_POINTER(n));
		usleep(100);
	}
	return arg;
}

static void *resolver(void *arg)
{
	long *overridden = arg;

	for (int request = 0; !atomic_load_explicit(&stop, memory_order_relaxed); request++) {
		GTree *now = atomic_load_explicit(&routes, memory_order_acquire);

		if (now && g_tree_lookup(now, GINT_TO_POINTER(10 + request % ROUTES)))
			++*overridden;
		usleep(60);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	long overridden = 0;

	pthread_create(&threads[0], NULL, resolver, &overridden);
	pthread_create(&threads[1], NULL, prepare, NULL);
	pthread_join(threads[1], NULL);
	atomic_store_explicit(&stop, 1, memory_order_relaxed);
	pthread_join(threads[0], NULL);
	printf("%d routes, %s\n", g_tree_nnodes(routes), overridden ? "some used" : "none used");
	g_tree_destroy(routes);
	return 0;
}
