/* SPDX-License-Identifier: MIT */
/*
 * listeners_fixed.c - the twin of listeners_race.c: the walk takes the lock too.
 *
 *	thread      function           lock
 *	streaming   node_push          listeners_lock
 *	main        listener_remove    listeners_lock
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

static GHashTable *listeners;
static GMutex listeners_lock;
static GCond delivered_changed;
static int delivered, pushes;

static void listener_add(const char *name)
{
	g_mutex_lock(&listeners_lock);
	g_hash_table_insert(listeners, g_strdup(name), NULL);
	g_mutex_unlock(&listeners_lock);
}

/* After the first buffer, before the second. */
static void listener_remove(const char *name)
{
	g_mutex_lock(&listeners_lock);
	while (pushes < 1)
		g_cond_wait(&delivered_changed, &listeners_lock);
	g_hash_table_remove(listeners, name);
	pushes++;
	g_cond_signal(&delivered_changed);
	g_mutex_unlock(&listeners_lock);
}

static void notify(gpointer name, gpointer state, gpointer buffer)
{
	(void)name;
	(void)state;
	delivered += *(int *)buffer;
}

static void node_push(int *buffer, int after)
{
	g_mutex_lock(&listeners_lock);
	while (pushes < after)
		g_cond_wait(&delivered_changed, &listeners_lock);
	g_hash_table_foreach(listeners, notify, buffer);
	pushes++;
	g_cond_signal(&delivered_changed);
	g_mutex_unlock(&listeners_lock);
}

static void *streaming_thread(void *arg)
{
	int buffer = 1;

	(void)arg;
	node_push(&buffer, 0);
	node_push(&buffer, 2);
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
	listener_remove("sink-b");
	pthread_join(streaming, NULL);
	printf("%d buffers delivered\n", delivered);
	g_hash_table_destroy(listeners);
	return 0;
}
