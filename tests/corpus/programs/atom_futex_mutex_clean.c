/* CORPUS label=clean family=glib_hash primitive=futex atomics=own repeats=yes twin=atom_futex_mutex_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A session table behind a mutex of the program's own: one word (free, taken, taken with waiters), compare-exchange
 * when nobody waits, futex system calls when somebody does.
 * The keep-alive thread touches its session with the mutex held.
 */
#include <glib.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SESSIONS = 3, ROUNDS = 40000 };

static atomic_int mutex;
static GHashTable *sessions;
static atomic_int progress[2];

static void mutex_lock(void)
{
	int was = 0;

	if (atomic_compare_exchange_strong_explicit(&mutex, &was, 1, memory_order_acquire, memory_order_relaxed))
		return;
	if (was != 2)
		was = atomic_exchange_explicit(&mutex, 2, memory_order_acquire);
	while (was) {
		syscall(SYS_futex, &mutex, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
		was = atomic_exchange_explicit(&mutex, 2, memory_order_acquire);
	}
}

static void mutex_unlock(void)
{
	if (atomic_exchange_explicit(&mutex, 0, memory_order_release) == 2)
		syscall(SYS_futex, &mutex, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static int more(int me)
{
	atomic_fetch_add_explicit(&progress[me], 1, memory_order_relaxed);
	return atomic_load_explicit(&progress[me], memory_order_relaxed) < ROUNDS ||
	       atomic_load_explicit(&progress[!me], memory_order_relaxed) < ROUNDS;
}

static void *keep_alive(void *arg)
{
	int now = 1;

	do {
		mutex_lock();
		g_hash_table_insert(sessions, GINT_TO_POINTER(1 + now % SESSIONS), GINT_TO_POINTER(now));
		mutex_unlock();
		now++;
	} while (more(0));
	return arg;
}

static void *reaper(void *arg)
{
	int *oldest = arg;

	do {
		mutex_lock();
		for (int session = 1; session <= SESSIONS; session++) {
			int seen = GPOINTER_TO_INT(g_hash_table_lookup(sessions, GINT_TO_POINTER(session)));

			*oldest = seen > *oldest ? seen : *oldest;
		}
		mutex_unlock();
	} while (more(1));
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	int oldest = 0;

	sessions = g_hash_table_new(NULL, NULL);
	for (int session = 1; session <= SESSIONS; session++)
		g_hash_table_insert(sessions, GINT_TO_POINTER(session), GINT_TO_POINTER(1));
	pthread_create(&threads[0], NULL, keep_alive, NULL);
	pthread_create(&threads[1], NULL, reaper, &oldest);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	printf("%u sessions%s\n", g_hash_table_size(sessions), oldest ? "" : ", never alive");
	g_hash_table_destroy(sessions);
	return 0;
}
