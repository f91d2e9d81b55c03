/* CORPUS label=racy family=glib_hash primitive=atomic_spin atomics=own repeats=yes twin=atom_cas_trylock_clean cause=trylock_ignored */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Two meters keep the last reading of each sensor in one table. The lock is a word that a compare-exchange sets to
 * the owner's number; who does not get it sleeps a little.
 * A meter gives up after two attempts and writes its reading all the same.
 */
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { SENSORS = 4, ROUNDS = 900 };

static GHashTable *readings;
static atomic_int owner;
static atomic_int progress[2];

static int try_lock(int me)
{
	int nobody = 0;

	return atomic_compare_exchange_strong_explicit(&owner, &nobody, me + 1, memory_order_acquire,
						       memory_order_relaxed);
}

/* A burst of readings of all sensors. */
static void store_readings(int me, int n)
{
	int attempts = 0;
	int mine;

	while (!(mine = try_lock(me)) && ++attempts < 2)
		usleep(20);
	for (int i = 0; i < 100; i++)
		g_hash_table_replace(readings, GINT_TO_POINTER(1 + (i + me) % SENSORS), GINT_TO_POINTER(n + i));
	if (mine)
		atomic_store_explicit(&owner, 0, memory_order_release);
}

static void *meter(void *arg)
{
	int me = GPOINTER_TO_INT(arg);

	for (int n = 0; n < ROUNDS || atomic_load_explicit(&progress[!me], memory_order_relaxed) < ROUNDS; n++) {
		store_readings(me, n);
		atomic_fetch_add_explicit(&progress[me], 1, memory_order_relaxed);
		if (n % 8 == 0)
			usleep(10);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	readings = g_hash_table_new(NULL, NULL);
	for (int sensor = 1; sensor <= SENSORS; sensor++)
		g_hash_table_replace(readings, GINT_TO_POINTER(sensor), NULL);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, meter, GINT_TO_POINTER(i));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("%u sensors\n", g_hash_table_size(readings));
	g_hash_table_destroy(readings);
	return 0;
}
