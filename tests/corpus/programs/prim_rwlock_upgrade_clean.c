/* CORPUS label=clean family=gtree primitive=pthread_rwlock atomics=none repeats=no twin=prim_rwlock_upgrade_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Names are looked up under the read lock and added when they are new.
 * The read lock is dropped, the write lock taken, and the name looked for once more before the addition.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

enum { NAMES = 12 };

static GTree *ids;
static pthread_rwlock_t ids_lock = PTHREAD_RWLOCK_INITIALIZER;
static char names[2][NAMES][16];

static int compare(gconstpointer a, gconstpointer b)
{
	return g_strcmp0(a, b);
}

static int id_of(char *name, int wanted)
{
	int id;

	pthread_rwlock_rdlock(&ids_lock);
	id = GPOINTER_TO_INT(g_tree_lookup(ids, name));
	pthread_rwlock_unlock(&ids_lock);
	if (id)
		return id;
	pthread_rwlock_wrlock(&ids_lock);
	id = GPOINTER_TO_INT(g_tree_lookup(ids, name));
	if (!id)
		g_tree_insert(ids, name, GINT_TO_POINTER(id = wanted));
	pthread_rwlock_unlock(&ids_lock);
	return id;
}

static void *namer(void *arg)
{
	int me = GPOINTER_TO_INT(arg);

	for (int i = 0; i < NAMES; i++)
		id_of(names[me][i], me * NAMES + i + 1);
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	ids = g_tree_new(compare);
	for (int i = 0; i < 2 * NAMES; i++)
		g_snprintf(names[i / NAMES][i % NAMES], 16, "%c%d", 'a' + i / NAMES, i);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, namer, GINT_TO_POINTER(i));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("names have ids: %s\n", g_tree_nnodes(ids) > 0 ? "yes" : "no");
	return 0;
}
