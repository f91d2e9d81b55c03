/* CORPUS label=clean family=glib_hash primitive=urcu atomics=none repeats=no twin=prim_urcu_barrier_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 liburcu */
/*
 * A table of jobs goes through call_rcu(); the callback says that it has begun, then it marks the entries as free.
 * Main uses the table again when rcu_barrier() has returned.
 */
#include <glib.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdio.h>
#include <urcu.h>

enum { JOBS = 6 };

struct retired {
	GHashTable *table;
	struct rcu_head head;
};

static sem_t begun;

static void mark_free(struct rcu_head *head)
{
	struct retired *retired = caa_container_of(head, struct retired, head);

	sem_post(&begun);
	for (int i = 1; i <= JOBS; i++)
		g_hash_table_insert(retired->table, GINT_TO_POINTER(i), GINT_TO_POINTER(1));
}

static int use_again(GHashTable *table)
{
	int n = 0;

	for (int i = 1; i <= JOBS; i++)
		n += g_hash_table_contains(table, GINT_TO_POINTER(i));
	return n;
}

int main(void)
{
	struct retired retired;
	int n;

	rcu_register_thread();
	sem_init(&begun, 0, 0);
	retired.table = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= JOBS; i++)
		g_hash_table_insert(retired.table, GINT_TO_POINTER(i), GINT_TO_POINTER(i + 50));
	call_rcu(&retired.head, mark_free);
	while (sem_wait(&begun))
		;
	rcu_barrier();
	n = use_again(retired.table);
	rcu_unregister_thread();
	printf("%d jobs\n", n);
	return 0;
}
