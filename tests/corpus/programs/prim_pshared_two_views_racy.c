/* CORPUS label=racy family=glib_hash primitive=process_shared atomics=none repeats=yes twin=prim_pshared_two_views_clean cause=different-locks */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A file in memory is mapped by each of two modules for itself, as two processes would do. It holds the lock for the
 * table of routes.
 * The second module maps the file privately: what it locks is its own copy.
 */
#define _GNU_SOURCE
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROUTES = 25, UPDATES = 1500 };

static GHashTable *routes;

static void *module(void *view)
{
	pthread_mutex_t *lock = view;

	for (int i = 0; i < UPDATES; i++) {
		int route = i * 3 % ROUTES + 1;

		pthread_mutex_lock(lock);
		if (g_hash_table_lookup(routes, GINT_TO_POINTER(route)))
			g_hash_table_insert(routes, GINT_TO_POINTER(route), GINT_TO_POINTER(500 + i));
		pthread_mutex_unlock(lock);
	}
	return NULL;
}

int main(void)
{
	pthread_mutexattr_t attributes;
	pthread_t threads[2];
	void *views[2];
	int file = memfd_create("routes-lock", MFD_CLOEXEC);

	if (file < 0 || ftruncate(file, 4096))
		return 1;
	views[0] = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(views[0], &attributes);
	views[1] = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	*(int *)((char *)views[1] + 4092) = 1; /* "in use": from here on the page is a copy */

	routes = g_hash_table_new(NULL, NULL);
	for (int route = 1; route <= ROUTES; route++)
		g_hash_table_insert(routes, GINT_TO_POINTER(route), GINT_TO_POINTER(500 + route));
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, module, views[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("%u routes updated\n", g_hash_table_size(routes));
	return 0;
}
