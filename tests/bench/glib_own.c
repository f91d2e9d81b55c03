/* SPDX-License-Identifier: MIT */
/*
 * glib_own.c - each thread works on a GHashTable of its own. WORD `locked`: each operation under a mutex of the thread's
 * own, so that each operation has a new epoch and the short cut for a repeated access never holds. Keys are integers: the
 * cheapest operation GLib has, and so the largest ratio.
 */
#include <glib.h>

#include "bench.h"

#define KEYS 4096

struct own {
	GHashTable *table;
	pthread_mutex_t lock;
};

static void *own_new(void)
{
	struct own *o = calloc(1, sizeof(*o));

	o->table = g_hash_table_new(NULL, NULL);
	pthread_mutex_init(&o->lock, NULL);
	for (unsigned i = 1; i < KEYS; i += 2)
		g_hash_table_insert(o->table, GUINT_TO_POINTER(i), GUINT_TO_POINTER(i));
	return o;
}

static BENCH_NOINLINE void request_plain(struct bench_worker *w, unsigned operations)
{
	struct own *o = w->state;

	while (operations--) {
		uint32_t r = bench_random(w);
		gpointer key = GUINT_TO_POINTER((r >> 12) % KEYS);

		switch (bench_what(r)) {
		case BENCH_LOOKUP:
			w->sum += g_hash_table_lookup(o->table, key) != NULL;
			break;
		case BENCH_INSERT:
			g_hash_table_insert(o->table, key, key);
			break;
		case BENCH_REMOVE:
			g_hash_table_remove(o->table, key);
			break;
		}
	}
}

static BENCH_NOINLINE void request_locked(struct bench_worker *w, unsigned operations)
{
	struct own *o = w->state;

	while (operations--) {
		uint32_t r = bench_random(w);
		gpointer key = GUINT_TO_POINTER((r >> 12) % KEYS);

		pthread_mutex_lock(&o->lock);
		switch (bench_what(r)) {
		case BENCH_LOOKUP:
			w->sum += g_hash_table_lookup(o->table, key) != NULL;
			break;
		case BENCH_INSERT:
			g_hash_table_insert(o->table, key, key);
			break;
		case BENCH_REMOVE:
			g_hash_table_remove(o->table, key);
			break;
		}
		pthread_mutex_unlock(&o->lock);
	}
}

int main(int argc, char **argv)
{
	struct bench_args args;

	bench_parse(argc, argv, &args);
	return bench_run(&args, strcmp(args.word, "locked") ? request_plain : request_locked, own_new);
}
