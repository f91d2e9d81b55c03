/* CORPUS label=racy family=glib_hash primitive=barrier atomics=none repeats=yes twin=prim_barrier_phases_clean */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A simulation in two phases: one thread fills the field, then both read it, then the field is filled anew.
 * The barrier between the reading and the second filling is missing.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

enum { CELLS = 60, PASSES = 20 };

static GHashTable *field;
static pthread_barrier_t phase;

static void fill(int base)
{
	for (int i = 0; i < PASSES * CELLS; i++)
		g_hash_table_insert(field, GINT_TO_POINTER(i % CELLS + 1), GINT_TO_POINTER(base + i));
}

static int scan(void)
{
	int filled = 0;

	for (int i = 0; i < PASSES * CELLS; i++)
		filled += g_hash_table_lookup(field, GINT_TO_POINTER(i % CELLS + 1)) != NULL;
	return filled;
}

static void *neighbour(void *filled)
{
	pthread_barrier_wait(&phase);
	*(int *)filled = scan();
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int mine, others = 0;

	field = g_hash_table_new(NULL, NULL);
	pthread_barrier_init(&phase, NULL, 2);
	pthread_create(&thread, NULL, neighbour, &others);
	fill(1000);
	pthread_barrier_wait(&phase);
	mine = scan();
	fill(5000);
	pthread_join(thread, NULL);
	printf("%d cells seen by both\n", mine < others ? mine : others);
	pthread_barrier_destroy(&phase);
	g_hash_table_destroy(field);
	return 0;
}
