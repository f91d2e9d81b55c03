/* CORPUS label=racy family=glib_hash primitive=process_shared atomics=none repeats=yes twin=prim_pshared_scores_clean cause=different-locks */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A lock in memory shared with a child process guards a shared counter, and, in the parent, a table as well.
 * One of the parent's threads uses the lock of the next slot of the shared memory.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PLAYERS = 20, GAMES = 1000 };

static struct slot {
	pthread_mutex_t lock;
	long games;
} *shared;
static GHashTable *scores;

static void *referee(void *arg)
{
	struct slot *slot = &shared[GPOINTER_TO_INT(arg)];

	for (int i = 0; i < GAMES; i++) {
		int player = i * 7 % PLAYERS + 1;

		pthread_mutex_lock(&slot->lock);
		slot->games++;
		g_hash_table_insert(scores, GINT_TO_POINTER(player), GINT_TO_POINTER(100 + i));
		pthread_mutex_unlock(&slot->lock);
	}
	return NULL;
}

int main(void)
{
	pthread_mutexattr_t attributes;
	pthread_t threads[2];
	pid_t child;

	shared = mmap(NULL, 2 * sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	for (int i = 0; i < 2; i++)
		pthread_mutex_init(&shared[i].lock, &attributes);
	child = fork();
	if (child == 0) {
		for (int i = 0; i < GAMES; i++) {
			pthread_mutex_lock(&shared[0].lock);
			shared[0].games++;
			pthread_mutex_unlock(&shared[0].lock);
		}
		_exit(0);
	}
	scores = g_hash_table_new(NULL, NULL);
	for (int player = 1; player <= PLAYERS; player++)
		g_hash_table_insert(scores, GINT_TO_POINTER(player), GINT_TO_POINTER(100 + player));
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, referee, GINT_TO_POINTER(i));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	waitpid(child, NULL, 0);
	printf("%ld games\n", shared[0].games + shared[1].games);
	return 0;
}
