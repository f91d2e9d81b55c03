/* SPDX-License-Identifier: MIT */
/*
 * session_unlock_fixed.c - the twin of session_unlock_race.c: session_create() locks what it unlocks.
 *
 *	thread   function          lock
 *	main     session_find      taken and given back
 *	api      session_create    taken and given back
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

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
	s = g_hash_table_lookup(sessions, GUINT_TO_POINTER(id));
	pthread_mutex_unlock(&sessions_lock);
	return s;
}

static struct session *session_create(unsigned id, const char *peer)
{
	struct session *s = calloc(1, sizeof(*s));

	s->id = id;
	snprintf(s->peer, sizeof(s->peer), "%s", peer);
	pthread_mutex_lock(&sessions_lock);
	g_hash_table_insert(sessions, GUINT_TO_POINTER(id), s);
	pthread_mutex_unlock(&sessions_lock);
	return s;
}

static void *api_thread(void *arg)
{
	(void)arg;
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
	pthread_join(api, NULL);
	printf("%u sessions\n", g_hash_table_size(sessions));
	g_hash_table_destroy(sessions);
	return 0;
}
