/* SPDX-License-Identifier: MIT */
/*
 * listeners_race.c - foreach notifies all listeners while another thread removes one.
 *
 *	thread      function           lock              races
 *	streaming   node_push          none              with the removal
 *	main        listener_remove    listeners_lock    with the walk
 *
 * Adding and removing were locked; the walk was not, because "it only reads". Modelled on an inter-pipeline plugin
 * for GStreamer.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

#include "turns.h"

static GHashTable *listeners;
static GMutex listeners_lock;
static int delivered;

static void listener_add(const char *name)
{
	g_mutex_lock(&listeners_lock);
	g_hash_table_insert(listeners, g_strdup(name), NULL);
	g_mutex_unlock(&listeners_lock);
}

static void listener_remove(const char *name)
{
	g_mutex_lock(&listeners_lock);
	g_hash_table_remove(listeners, name); /* RACE HERE */
	g_mutex_unlock(&listeners_lock);
}

static void notify(gpointer name, gpointer state, gpointer buffer)
{
	(void)name;
	(void)state;
	delivered += *(int *)buffer;
}

static void node_push(int *buffer)
{
	g_hash_table_foreach(listeners, notify, buffer); /* RACE HERE */
	turn_over();
}

static void *streaming_thread(void *arg)
{
	int buffer = 1;

	(void)arg;
	node_push(&buffer);
	turn_wait(2);
	node_push(&buffer);
	return NULL;
}

int main(void)
{
	pthread_t streaming;

	listeners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	listener_add("sink-a");
	listener_add("sink-b");
	listener_add("sink-c");
	pthread_create(&streaming, NULL, streaming_thread, NULL);
	turn_wait(1);
	listener_remove("sink-b");
	turn_over();
	pthread_join(streaming, NULL);
	printf("%d buffers delivered\n", delivered);
	g_hash_table_destroy(listeners);
	return 0;
}
