/* CORPUS label=clean family=glib_hash primitive=fork atomics=none repeats=no twin=prim_fork_snapshot_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A store makes snapshots as some databases do: it forks, and the child works on its copy while an updater thread goes
 * on in the parent.
 * The estimate and the fork are made under the lock; the child, alone in its copy, needs none.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEYS = 20, ROUNDS = 150 };

static GHashTable *store;
static pthread_mutex_t store_lock = PTHREAD_MUTEX_INITIALIZER;

static void *updater(void *unused)
{
	for (int i = 0; i < KEYS * ROUNDS; i++) {
		pthread_mutex_lock(&store_lock);
		g_hash_table_insert(store, GINT_TO_POINTER(i % KEYS + 1), GINT_TO_POINTER(100 + i));
		pthread_mutex_unlock(&store_lock);
	}
	return unused;
}

static int count_keys(int rounds)
{
	int found = 0;

	for (int i = 0; i < KEYS * rounds; i++)
		found += g_hash_table_contains(store, GINT_TO_POINTER(i % KEYS + 1));
	return found;
}

int main(void)
{
	pthread_t thread;
	int estimate, status;
	pid_t child;

	store = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= KEYS; i++)
		g_hash_table_insert(store, GINT_TO_POINTER(i), GINT_TO_POINTER(100));
	pthread_create(&thread, NULL, updater, NULL);
	pthread_mutex_lock(&store_lock);
	estimate = count_keys(ROUNDS) / ROUNDS;
	child = fork();
	if (child == 0)
		_exit(count_keys(1) == KEYS ? 0 : 1);
	pthread_mutex_unlock(&store_lock);
	waitpid(child, &status, 0);
	pthread_join(thread, NULL);
	printf("snapshot of %d keys: %s\n", estimate, WIFEXITED(status) ? "done" : "lost");
	g_hash_table_destroy(store);
	return 0;
}
