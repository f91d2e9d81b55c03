/* CORPUS label=clean family=glib_hash primitive=gpool atomics=none repeats=no twin=prim_gpool_thumbs_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A thread pool draws thumbnails and notes their sizes in a table.
 * Main corrects the sizes when the pool has been freed, which waits for all jobs.
 */
#include <glib.h>
#include <semaphore.h>
#include <stdio.h>

enum { PICTURES = 20, TOUCHES = 40 };

static GHashTable *sizes;
static GMutex sizes_lock;
static sem_t begun, go;

static int draw(int picture, int pass)
{
	char name[32];
	int size = 0;

	g_snprintf(name, sizeof(name), "thumb-%d", 100 + picture + pass);
	sscanf(name, "thumb-%d", &size);
	return size;
}

static void thumb(gpointer picture, gpointer unused)
{
	if (picture == GINT_TO_POINTER(1)) { /* not before all jobs are there */
		sem_post(&begun);
		while (sem_wait(&go))
			;
	}
	for (int pass = 0; pass < TOUCHES; pass++) {
		int size = draw(GPOINTER_TO_INT(picture), pass);

		g_mutex_lock(&sizes_lock);
		g_hash_table_insert(sizes, picture, GINT_TO_POINTER(size));
		g_mutex_unlock(&sizes_lock);
	}
}

static void correct(void)
{
	for (int i = 0; i < PICTURES * TOUCHES; i++)
		g_hash_table_insert(sizes, GINT_TO_POINTER(i % PICTURES + 1), GINT_TO_POINTER(draw(i, 64)));
}

int main(void)
{
	GThreadPool *pool = g_thread_pool_new(thumb, NULL, 1, TRUE, NULL);

	sem_init(&begun, 0, 0);
	sem_init(&go, 0, 0);
	sizes = g_hash_table_new(NULL, NULL);
	for (int picture = 1; picture <= PICTURES; picture++)
		g_hash_table_insert(sizes, GINT_TO_POINTER(picture), GINT_TO_POINTER(100));
	for (int picture = 1; picture <= PICTURES; picture++)
		g_thread_pool_push(pool, GINT_TO_POINTER(picture), NULL);
	while (sem_wait(&begun))
		;
	sem_post(&go);
	g_thread_pool_free(pool, FALSE, TRUE);
	correct();
	printf("%u thumbnails\n", g_hash_table_size(sizes));
	g_hash_table_destroy(sizes);
	return 0;
}
