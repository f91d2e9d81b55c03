/* SPDX-License-Identifier: MIT */
/*
 * session_unlock_race.c - a function unlocks a mutex that it never locked.
 *
 *	thread   function          lock                    races
 *	main     session_find      taken and given back    with the insertion
 *	api      session_create    only given back         with the look-up
 *
 * A clean-up moved the lock call of session_create() into its callers, and one caller was missed. The program runs for
 * months: the stray unlock of a free mutex does nothing. Modelled on a bug of a WebRTC server.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "turns.h"

struct session {
	unsigned id;
	char peer[32];
};

static GHashTable *sessions;
static pthread_mutex_t sessions_lock = PTHREAD_MUTEX_INITIALIZER;

static struct session *session_find(unsigned id)
{
	struct session *s;

	pthread_mutex_lock(&sessions_lock);
	s = g_hash_table_lookup(sessions, GUINT_TO_POINTER(id)); /* RACE HERE */
	pthread_mutex_unlock(&sessions_lock);
	return s;
}

static struct session *session_create(unsigned id, const char *peer)
{
	struct session *s = calloc(1, sizeof(*s));

	s->id = id;
	snprintf(s->peer, sizeof(s->peer), "%s", peer);
	g_hash_table_insert(sessions, GUINT_TO_POINTER(id), s); /* RACE HERE */
	pthread_mutex_unlock(&sessions_lock);
	return s;
}

static void *api_thread(void *arg)
{
	(void)arg;
	turn_wait(1);
	session_create(7, "alice");
	return NULL;
}

int main(void)
{
	pthread_t api;

	sessions = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free);
	session_create(1, "warm-up");
	pthread_create(&api, NULL, api_thread, NULL);
	session_find(7);
	turn_over();
	pthread_join(api, NULL);
	printf("%u sessions\n", g_hash_table_size(sessions));
	g_hash_table_destroy(sessions);
	return 0;
}
