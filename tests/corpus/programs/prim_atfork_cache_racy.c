/* CORPUS label=racy family=glib_hash primitive=atfork atomics=none repeats=yes twin=prim_atfork_cache_clean cause=forgotten-lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A library registers handlers with pthread_atfork() that bring its cache into a known state before each fork.
 * The prepare handler walks over the cache without the lock.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENTRIES = 20, ROUNDS = 100 };

static GHashTable *cache;
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static int checked;

static void prepare(void)
{
	for (int i = 0; i < ENTRIES * ROUNDS; i++)
		checked += g_hash_table_contains(cache, GINT_TO_POINTER(i % ENTRIES + 1));
}

static void finish(void)
{
}

static void *user(void *unused)
{
	for (int i = 0; i < ENTRIES * ROUNDS; i++) {
		pthread_mutex_lock(&cache_lock);
		g_hash_table_insert(cache, GINT_TO_POINTER(i % ENTRIES + 1), GINT_TO_POINTER(100 + i));
		pthread_mutex_unlock(&cache_lock);
	}
	return unused;
}

int main(void)
{
	pthread_t thread;
	pid_t child;

	cache = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= ENTRIES; i++)
		g_hash_table_insert(cache, GINT_TO_POINTER(i), GINT_TO_POINTER(100));
	pthread_atfork(prepare, finish, finish);
	pthread_create(&thread, NULL, user, NULL);
	child = fork();
	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
	pthread_join(thread, NULL);
	printf("%d entries checked\n", checked);
	g_hash_table_destroy(cache);
	return 0;
}
