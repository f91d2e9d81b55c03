/* CORPUS label=racy family=glib_hash primitive=pthread_mutex atomics=none repeats=yes twin=fam_gh_sessions_clean cause=forgotten-lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A table of sessions: a front end renews them under a lock, a status page counts those of the first users.
 * The status page looks sessions up without the lock.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

#define USERS 90

static GHashTable *sessions; /* user number -> last seen */
static pthread_mutex_t sessions_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t shift;

static void session_renew(int user, int now)
{
	pthread_mutex_lock(&sessions_lock);
	g_hash_table_insert(sessions, GINT_TO_POINTER(user), GINT_TO_POINTER(now));
	pthread_mutex_unlock(&sessions_lock);
}

static int session_is_fresh(int user)
{
	int seen;

	seen = GPOINTER_TO_INT(g_hash_table_lookup(sessions, GINT_TO_POINTER(user)));
	return seen > 10;
}

static void *front_end(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&shift);
	for (int now = 1; now <= 4000; now++)
		session_renew(1 + now * 7 % USERS, now);
	pthread_barrier_wait(&shift);
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int fresh = 0;

	sessions = g_hash_table_new(NULL, NULL);
	for (int user = 1; user <= USERS; user++)
		session_renew(user, 1);
	pthread_barrier_init(&shift, NULL, 2);
	pthread_create(&thread, NULL, front_end, NULL);
	pthread_barrier_wait(&shift);
	for (int look = 0; look < 4000; look++)
		fresh += session_is_fresh(1 + look % USERS);
	pthread_barrier_wait(&shift);
	pthread_join(thread, NULL);
	printf("status page: %s\n", fresh >= 0 ? "done" : "broken");
	g_hash_table_destroy(sessions);
	return 0;
}
