/* CORPUS label=racy family=glib_hash primitive=pthread_mutex atomics=none repeats=yes twin=prim_mutex_sessions_clean cause=forgotten-lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A table of sessions: the login thread refreshes entries, the monitor adds up how old they are.
 * The monitor "only reads" and leaves the lock out.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

enum { SESSIONS = 48, ROUNDS = 60 };

static GHashTable *sessions; /* id -> last seen */
static pthread_mutex_t sessions_lock = PTHREAD_MUTEX_INITIALIZER;

static int parse_id(int request)
{
	char line[32];
	int id = 0;

	snprintf(line, sizeof(line), "LOGIN %d now", request % SESSIONS + 1);
	sscanf(line, "LOGIN %d", &id);
	return id;
}

static void *login(void *unused)
{
	for (int i = 0; i < ROUNDS * SESSIONS; i++) {
		int id = parse_id(i * 7);

		pthread_mutex_lock(&sessions_lock);
		g_hash_table_insert(sessions, GINT_TO_POINTER(id), GINT_TO_POINTER(1000 + i));
		pthread_mutex_unlock(&sessions_lock);
	}
	return unused;
}

static long sum_of_ages(void)
{
	long sum = 0;

	for (int i = 0; i < SESSIONS; i++) {
		int id = parse_id(i);
		sum += GPOINTER_TO_INT(g_hash_table_lookup(sessions, GINT_TO_POINTER(id))) > 0;
	}
	return sum;
}

int main(void)
{
	pthread_t thread;
	long seen = 0;

	sessions = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= SESSIONS; i++)
		g_hash_table_insert(sessions, GINT_TO_POINTER(i), GINT_TO_POINTER(1000));
	pthread_create(&thread, NULL, login, NULL);
	for (int i = 0; i < ROUNDS; i++)
		seen += sum_of_ages();
	pthread_join(thread, NULL);
	printf("%ld ages read of %u sessions\n", seen, g_hash_table_size(sessions));
	g_hash_table_destroy(sessions);
	return 0;
}
