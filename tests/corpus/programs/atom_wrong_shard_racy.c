/* CORPUS label=racy family=glib_hash primitive=atomic_spin atomics=own repeats=yes twin=atom_wrong_shard_clean cause=wrong_lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Four shards, each a table with a spin lock of its own; the shard follows from the user's number. Scores go up and
 * down.
 * The thread that takes scores away computes the lock's shard from the score instead of the user.
 */
#include <glib.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum { SHARDS = 4, USERS = 12, ROUNDS = 10000 };

static GHashTable *scores[SHARDS];
static atomic_flag locks[SHARDS];
static atomic_int progress[2];

static void lock(int shard)
{
	for (int spins = 0; atomic_flag_test_and_set_explicit(&locks[shard], memory_order_acquire); spins++)
		if (spins > 100)
			sched_yield();
}

static void unlock(int shard)
{
	atomic_flag_clear_explicit(&locks[shard], memory_order_release);
}

static void add(int user, int lock_by, int points)
{
	GHashTable *table = scores[user % SHARDS];
	void *key = GINT_TO_POINTER(1 + user);

	lock(lock_by % SHARDS);
	points += GPOINTER_TO_INT(g_hash_table_lookup(table, key));
	g_hash_table_insert(table, key, GINT_TO_POINTER(points));
	unlock(lock_by % SHARDS);
}

static void *winner(void *arg)
{
	for (int n = 0; n < ROUNDS || atomic_load_explicit(&progress[1], memory_order_relaxed) < ROUNDS; n++) {
		add(n / 16 % USERS, n / 16 % USERS, 2);
		atomic_fetch_add_explicit(&progress[0], 1, memory_order_relaxed);
	}
	return arg;
}

static void *loser(void *arg)
{
	for (int n = 0; n < ROUNDS || atomic_load_explicit(&progress[0], memory_order_relaxed) < ROUNDS; n++) {
		add(n / 16 % USERS, n % 3, -1);
		atomic_fetch_add_explicit(&progress[1], 1, memory_order_relaxed);
	}
	return arg;
}

int main(void)
{
	pthread_t threads[2];
	unsigned users = 0;

	for (int i = 0; i < SHARDS; i++)
		scores[i] = g_hash_table_new(NULL, NULL);
	for (int user = 0; user < USERS; user++)
		add(user, user, 100);
	pthread_create(&threads[0], NULL, winner, NULL);
	pthread_create(&threads[1], NULL, loser, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < SHARDS; i++) {
		users += g_hash_table_size(scores[i]);
		g_hash_table_destroy(scores[i]);
	}
	printf("%u users have scores\n", users);
	return 0;
}
