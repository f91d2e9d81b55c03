/* CORPUS label=racy family=glib_hash primitive=atomic_spin atomics=own repeats=yes twin=atom_spin_tas_clean cause=forgotten_lock strip=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A table of link states behind a test-and-set spin lock. The line card reports new states, the monitor looks them
 * up.
 * The monitor was written later and takes no lock: its lookup meets the insertion.
 */
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { LINKS = 4, ROUNDS = 80000 };

static GHashTable *states;
static atomic_bool locked;
static atomic_int progress[2];

static void lock(void)
{
	while (atomic_exchange_explicit(&locked, 1, memory_order_acquire))
		;
}

static void unlock(void)
{
	atomic_store_explicit(&locked, 0, memory_order_release);
}

/* Each side goes on until the other one has done its share, too. */
static int more(int me)
{
	atomic_fetch_add_explicit(&progress[me], 1, memory_order_relaxed);
	return atomic_load_explicit(&progress[me], memory_order_relaxed) < ROUNDS ||
	       atomic_load_explicit(&progress[!me], memory_order_relaxed) < ROUNDS;
}

static void *line_card(void *arg)
{
	int n = 0;

	do {
		lock();
		g_hash_table_insert(states, GINT_TO_POINTER(1 + n % LINKS), GINT_TO_POINTER(1 + n % 3));
		unlock();
		n++;
	} while (more(0));
	return arg;
}

static void *monitor(void *arg)
{
	int n = 0;
	long *up = arg;

	do {
		*up += g_hash_table_lookup(states, GINT_TO_POINTER(1 + n % LINKS)) == GINT_TO_POINTER(1);
		n++;
	} while (more(1));
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	long up = 0;

	states = g_hash_table_new(NULL, NULL);
	for (int link = 1; link <= LINKS; link++)
		g_hash_table_insert(states, GINT_TO_POINTER(link), GINT_TO_POINTER(1));
	pthread_create(&threads[0], NULL, line_card, NULL);
	pthread_create(&threads[1], NULL, monitor, &up);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	printf("%u links, %s\n", g_hash_table_size(states), up ? "some were up" : "all were down");
	g_hash_table_destroy(states);
	return 0;
}
