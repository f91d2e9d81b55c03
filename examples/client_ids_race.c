/* SPDX-License-Identifier: MIT */
/*
 * client_ids_race.c - worker threads add client ids while the main loop removes them.
 *
 *	thread    function         lock    races
 *	worker    client_add       none    with the removal and the other worker
 *	main      client_gone      none    with both workers
 *
 * "Each id is touched by one thread only" is true and does not help: the table is one. In the desktop portal this is
 * modelled on, a look-up then ran in circles at 100 % CPU.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

#include "turns.h"

static GHashTable *client_ids;

static void client_add(const char *id)
{
	g_hash_table_add(client_ids, g_strdup(id)); /* RACE HERE */
	turn_over();
}

static int client_gone(const char *id)
{
	return g_hash_table_remove(client_ids, id); /* RACE HERE */
}

static void *worker(void *arg)
{
	int first = GPOINTER_TO_INT(arg);
	char id[16];

	for (int i = 0; i < 3; i++) {
		turn_wait(first + 2 * i);
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
	turn_wait(6);
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
