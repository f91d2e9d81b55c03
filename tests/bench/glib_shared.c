/* SPDX-License-Identifier: MIT */
/*
 * glib_shared.c - all threads work on one GHashTable under one mutex. WORD N: only each N-th operation does (a power of
 * two); the others go to a table of the thread's own, without a lock.
 */
#include <glib.h>

#include "bench.h"

#define KEYS 1024

static GHashTable *shared;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned each = 1;

static GHashTable *table_new(void)
{
	GHashTable *table = g_hash_table_new(NULL, NULL);

	for (unsigned i = 1; i < KEYS; i += 2)
		g_hash_table_insert(table, GUINT_TO_POINTER(i), GUINT_TO_POINTER(i));
	return table;
}

static void *own_new(void)
{
	return each > 1 ? table_new() : NULL;
}

static inline unsigned operate(GHashTable *table, gpointer key, enum bench_what what)
{
	switch (what) {
	case BENCH_LOOKUP:
		return g_hash_table_lookup(table, key) != NULL;
	case BENCH_INSERT:
		g_hash_table_insert(table, key, key);
		break;
	case BENCH_REMOVE:
		g_hash_table_remove(table, key);
		break;
	}
	return 0;
}

static BENCH_NOINLINE void request(struct bench_worker *w, unsigned operations)
{
	while (operations--) {
		uint32_t r = bench_random(w);
		gpointer key = GUINT_TO_POINTER((r >> 12) % KEYS);

		if (operations & (each - 1)) {
			w->sum += operate(w->state, key, bench_what(r));
		} else {
			/* hits in the shared table depend on who came first: not in the sum */
			pthread_mutex_lock(&lock);
			operate(shared, key, bench_what(r));
			pthread_mutex_unlock(&lock);
		}
	}
}

int main(int argc, char **argv)
{
	struct bench_args args;

	bench_parse(argc, argv, &args);
	each = *args.word ? (unsigned)atoi(args.word) : 1;
	if (!each || each & (each - 1))
		return 2;
	shared = table_new();
	return bench_run(&args, request, own_new);
}
