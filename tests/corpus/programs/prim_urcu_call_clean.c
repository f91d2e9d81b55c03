/* CORPUS label=clean family=glib_hash primitive=urcu atomics=none repeats=no twin=prim_urcu_call_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 liburcu */
/*
 * A table of peers is taken out of use and given to call_rcu(), whose callback marks all its entries as free.
 * The thread that looks peers up asks for the table in use, and does so inside a read section.
 */
#include <glib.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <urcu.h>

enum { PEERS = 6 };

struct retired {
	GHashTable *table;
	struct rcu_head head;
};

static GHashTable *in_use;

static void mark_free(struct rcu_head *head)
{
	struct retired *retired = caa_container_of(head, struct retired, head);

	for (int i = 1; i <= PEERS; i++)
		g_hash_table_insert(retired->table, GINT_TO_POINTER(i), GINT_TO_POINTER(1));
}

static int count(GHashTable *peers)
{
	int n = 0;

	for (int i = 1; peers && i <= PEERS; i++)
		n += g_hash_table_contains(peers, GINT_TO_POINTER(i));
	return n;
}

static void *looker(void *first_table)
{
	int n;

	rcu_register_thread();
	rcu_read_lock();
	n = count(rcu_dereference(in_use));
	rcu_read_unlock();
	rcu_unregister_thread();
	return GINT_TO_POINTER(n);
}

int main(void)
{
	struct retired retired;
	pthread_t thread;

	rcu_register_thread();
	retired.table = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= PEERS; i++)
		g_hash_table_insert(retired.table, GINT_TO_POINTER(i), GINT_TO_POINTER(i + 50));
	rcu_assign_pointer(in_use, retired.table);
	pthread_create(&thread, NULL, looker, retired.table);
	rcu_assign_pointer(in_use, NULL);
	call_rcu(&retired.head, mark_free);
	rcu_barrier();
	pthread_join(thread, NULL);
	rcu_unregister_thread();
	printf("%u peers retired\n", g_hash_table_size(retired.table));
	return 0;
}
