/* CORPUS label=racy family=glib_hash primitive=epoch atomics=own repeats=yes twin=atom_hazard_recycle_clean cause=use_after_release */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Two tables of rules change places: readers protect the one they use by a hazard pointer; the updater swaps the
 * pointer, waits until the old table is in nobody's hazard pointer, and refills it for the next swap.
 * The reader clears its hazard pointer and then looks up one more rule.
 */
#include <glib.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum { RULES = 6, ROUNDS = 20000 };

static GHashTable *tables[2];
static _Atomic(GHashTable *) active;
static _Atomic(GHashTable *) hazard;
static atomic_int progress[2];

static int more(int me)
{
	atomic_fetch_add_explicit(&progress[me], 1, memory_order_relaxed);
	return atomic_load_explicit(&progress[me], memory_order_relaxed) < ROUNDS ||
	       atomic_load_explicit(&progress[!me], memory_order_relaxed) < ROUNDS;
}

static void *reader(void *arg)
{
	long *allowed = arg;

	do {
		GHashTable *mine;

		do {
			mine = atomic_load(&active);
			atomic_store(&hazard, mine);
		} while (mine != atomic_load(&active));
		*allowed += GPOINTER_TO_INT(g_hash_table_lookup(mine, GINT_TO_POINTER(1))) & 1;
		atomic_store_explicit(&hazard, NULL, memory_order_release);
		*allowed += GPOINTER_TO_INT(g_hash_table_lookup(mine, GINT_TO_POINTER(2))) & 1;
	} while (more(0));
	return NULL;
}

static void *updater(void *arg)
{
	int spare = 1;

	do {
		GHashTable *old = tables[!spare];

		atomic_store(&active, tables[spare]);
		while (atomic_load(&hazard) == old)
			sched_yield();
		for (int rule = 1; rule <= RULES; rule++)
			g_hash_table_insert(old, GINT_TO_POINTER(rule), GINT_TO_POINTER(rule + spare));
		spare = !spare;
	} while (more(1));
	return arg;
}

int main(void)
{
	pthread_t threads[2];
	long allowed = 0;

	for (int i = 0; i < 2; i++) {
		tables[i] = g_hash_table_new(NULL, NULL);
		for (int rule = 1; rule <= RULES; rule++)
			g_hash_table_insert(tables[i], GINT_TO_POINTER(rule), GINT_TO_POINTER(rule));
	}
	atomic_store(&active, tables[0]);
	pthread_create(&threads[0], NULL, reader, &allowed);
	pthread_create(&threads[1], NULL, updater, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 2; i++)
		g_hash_table_destroy(tables[i]);
	printf("rules %s\n", allowed ? "applied" : "never applied");
	return 0;
}
