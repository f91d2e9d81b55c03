/* SPDX-License-Identifier: MIT */
/*
 * client_ids_fixed.c - the twin of client_ids_race.c: one GMutex for the one table.
 *
 *	thread    function         lock
 *	worker    client_add       ids_lock
 *	main      client_gone      ids_lock
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

static GHashTable *client_ids;
static GMutex ids_lock;
static GCond ids_changed;

static void client_add(const char *id)
{
	g_mutex_lock(&ids_lock);
	g_hash_table_add(client_ids, g_strdup(id));
	g_cond_signal(&ids_changed);
	g_mutex_unlock(&ids_lock);
}

static int client_gone(const char *id)
{
	int gone;

	g_mutex_lock(&ids_lock);
	while (!g_hash_table_contains(client_ids, id))
		g_cond_wait(&ids_changed, &ids_lock);
	gone = g_hash_table_remove(client_ids, id);
	g_mutex_unlock(&ids_lock);
	return gone;
}

static void *worker(void *arg)
{
	int first = GPOINTER_TO_INT(arg);
	char id[16];

	for (int i = 0; i < 3; i++) {
		snprintf(id, sizeof(id), ":1.%d", first + 2 * i);
		client_add(id);
	}
	return NULL;
}

int main(void)
{
	pthread_t workers[2];
	int gone = 0;
	char id[16];

	client_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (int i = 0; i < 2; i++)
		pthread_create(&workers[i], NULL, worker, GINT_TO_POINTER(i));
	for (int i = 0; i < 6; i++) {
		snprintf(id, sizeof(id), ":1.%d", i);
		gone += client_gone(id);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(workers[i], NULL);
	printf("%d clients gone, %u left\n", gone, g_hash_table_size(client_ids));
	g_hash_table_destroy(client_ids);
	return 0;
}
