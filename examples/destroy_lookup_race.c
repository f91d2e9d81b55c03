/* SPDX-License-Identifier: MIT */
/*
 * destroy_lookup_race.c - the core loop destroys the table while a media thread still looks things up in it.
 *
 *	thread   function        lock    races
 *	media    media_route     none    with the destruction
 *	main     core_stop       none    with the look-up
 *
 * The media thread is told to stop; nobody waits until it did. Modelled on a shutdown crash of a WebRTC server.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

#include "turns.h"

static GHashTable *handles;
static int routed;

static void *media_route(unsigned ssrc)
{
	return g_hash_table_lookup(handles, GUINT_TO_POINTER(ssrc)); /* RACE HERE */
}

static void *media_thread(void *arg)
{
	(void)arg;
	for (unsigned ssrc = 1; ssrc <= 4; ssrc++)
		routed += media_route(ssrc) != NULL;
	turn_over();
	turn_wait(2); /* its last packet is through; the thread itself goes on for a while */
	return NULL;
}

static void core_stop(void)
{
	g_hash_table_destroy(handles); /* RACE HERE */
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
	turn_wait(1);
	core_stop();
	turn_over();
	pthread_join(media, NULL);
	printf("%d packets routed\n", routed);
	return 0;
}
