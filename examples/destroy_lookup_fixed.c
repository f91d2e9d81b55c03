/* SPDX-License-Identifier: MIT */
/*
 * destroy_lookup_fixed.c - the twin of destroy_lookup_race.c: the core loop waits for the media thread before it
 * takes the table away.
 *
 *	thread   function        order
 *	media    media_route     before the thread's end
 *	main     core_stop       after pthread_join
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

static GHashTable *handles;
static int routed;

static void *media_route(unsigned ssrc)
{
	return g_hash_table_lookup(handles, GUINT_TO_POINTER(ssrc));
}

static void *media_thread(void *arg)
{
	(void)arg;
	for (unsigned ssrc = 1; ssrc <= 4; ssrc++)
		routed += media_route(ssrc) != NULL;
	return NULL;
}

static void core_stop(pthread_t media)
{
	pthread_join(media, NULL);
	g_hash_table_destroy(handles);
	handles = NULL;
}

int main(void)
{
	static char names[4][8] = { "one", "two", "three", "four" };
	pthread_t media;

	handles = g_hash_table_new(g_direct_hash, g_direct_equal);
	for (unsigned i = 0; i < 4; i++)
		g_hash_table_insert(handles, GUINT_TO_POINTER(i + 1), names[i]);
	pthread_create(&media, NULL, media_thread, NULL);
	core_stop(media);
	printf("%d packets routed\n", routed);
	return 0;
}
