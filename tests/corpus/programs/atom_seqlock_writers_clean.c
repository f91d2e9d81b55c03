/* CORPUS label=clean family=glib_hash primitive=atomic_seqlock atomics=own repeats=yes twin=atom_seqlock_writers_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Positions of vehicles. Two receivers update the table as the write side of a sequence lock (odd means a writer is
 * in) and flatten it into an array of atomics; a screen copies the array and tries again if the sequence moved.
 * Both receivers enter by a compare-exchange from an even number.
 */
#include <glib.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum { VEHICLES = 5, ROUNDS = 3000 };

static GHashTable *positions;
static atomic_uint sequence;
static atomic_int snapshot[VEHICLES];
static atomic_int progress[2];
static atomic_bool stop;

static unsigned write_begin(void)
{
	unsigned now;

	do
		now = atomic_load_explicit(&sequence, memory_order_relaxed) & ~1u;
	while (!atomic_compare_exchange_weak_explicit(&sequence, &now, now + 1, memory_order_acquire,
						      memory_order_relaxed));
	atomic_thread_fence(memory_order_release);
	return now + 1;
}

static void *receiver(void *arg)
{
	int me = GPOINTER_TO_INT(arg);

	for (int n = 0; n < ROUNDS || atomic_load_explicit(&progress[!me], memory_order_relaxed) < ROUNDS; n++) {
		unsigned odd = write_begin();

		g_hash_table_insert(positions, GINT_TO_POINTER(1 + n % VEHICLES), GINT_TO_POINTER(n));
		for (int i = 0; i < VEHICLES; i++) {
			void *at = g_hash_table_lookup(positions, GINT_TO_POINTER(1 + i));

			atomic_store_explicit(&snapshot[i], GPOINTER_TO_INT(at), memory_order_relaxed);
		}
		atomic_store_explicit(&sequence, odd + 1, memory_order_release);
		atomic_fetch_add_explicit(&progress[me], 1, memory_order_relaxed);
	}
	return NULL;
}

static void *screen(void *arg)
{
	int copy[VEHICLES], *sum = arg;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		unsigned before = atomic_load_explicit(&sequence, memory_order_acquire);

		for (int i = 0; i < VEHICLES; i++)
			copy[i] = atomic_load_explicit(&snapshot[i], memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
		if (before % 2 == 0 && before == atomic_load_explicit(&sequence, memory_order_relaxed))
			*sum += copy[0] >= 0;
		sched_yield();
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[3];
	int drawn = 0;

	positions = g_hash_table_new(NULL, NULL);
	for (int i = 0; i < VEHICLES; i++)
		g_hash_table_insert(positions, GINT_TO_POINTER(1 + i), NULL);
	pthread_create(&threads[2], NULL, screen, &drawn);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, receiver, GINT_TO_POINTER(i));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	atomic_store_explicit(&stop, 1, memory_order_relaxed);
	pthread_join(threads[2], NULL);
	printf("%u vehicles\n", g_hash_table_size(positions));
	g_hash_table_destroy(positions);
	return drawn < 0;
}
