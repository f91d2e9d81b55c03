/* CORPUS label=racy family=glib_hash primitive=urcu atomics=none repeats=yes twin=prim_urcu_routes_clean */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 liburcu */
/*
 * Two route tables: readers use the current one in an RCU section; the updater refills the other and swaps.
 * The updater refills the old table at once.
 */
#include <glib.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <urcu.h>

enum { ROUTES = 20, ROUNDS = 60 };

static GHashTable *tables[2], *current;
static sem_t looking;

static void fill(GHashTable *table, int base)
{
	for (int i = 0; i < ROUTES * ROUNDS; i++)
		g_hash_table_insert(table, GINT_TO_POINTER(i % ROUTES + 1), GINT_TO_POINTER(base + i));
}

static void *forwarder(void *forwarded)
{
	GHashTable *table;

	rcu_register_thread();
	rcu_read_lock();
	table = rcu_dereference(current);
	sem_post(&looking);
	for (int i = 0; i < ROUTES * ROUNDS; i++)
		*(int *)forwarded += g_hash_table_contains(table, GINT_TO_POINTER(i % ROUTES + 1));
	rcu_read_unlock();
	rcu_unregister_thread();
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int forwarded = 0;

	rcu_register_thread();
	sem_init(&looking, 0, 0);
	for (int i = 0; i < 2; i++) {
		tables[i] = g_hash_table_new(NULL, NULL);
		fill(tables[i], 100 + i);
	}
	rcu_assign_pointer(current, tables[0]);
	pthread_create(&thread, NULL, forwarder, &forwarded);
	sem_wait(&looking);
	rcu_assign_pointer(current, tables[1]);
	fill(tables[0], 5000);
	pthread_join(thread, NULL);
	rcu_unregister_thread();
	printf("%d packets forwarded\n", forwarded);
	return 0;
}
