/* SPDX-License-Identifier: MIT */
/*
 * glib_own.c - each thread works on GHashTables of its own. Keys are integers: the cheapest operation GLib has, and so
 * the largest ratio. WORD
 *
 *   (none)  one table, no lock
 *   locked  one table, each operation under its mutex, which no other thread ever takes
 *   turns   two tables, each operation under the mutex of one, by turns. Each operation comes after a release and takes
 *           another lock than the last one, so it opens an epoch of its own: no short cut for a repeated access or for
 *           a lock that is taken again holds. The dearest case of one thread.
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
	struct own *pair = calloc(2, sizeof(*pair));

	for (struct own *o = pair; o < pair + 2; o++) {
		o->table = g_hash_table_new(NULL, NULL);
		pthread_mutex_init(&o->lock, NULL);
		for (unsigned i = 1; i < KEYS; i += 2)
			g_hash_table_insert(o->table, GUINT_TO_POINTER(i), GUINT_TO_POINTER(i));
	}
	return pair;
}

static inline unsigned operate(GHashTable *table, uint32_t r)
{
	gpointer key = GUINT_TO_POINTER((r >> 12) % KEYS);

	switch (bench_what(r)) {
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

static inline unsigned operate_locked(struct own *o, uint32_t r)
{
	unsigned hit;

	pthread_mutex_lock(&o->lock);
	hit = operate(o->table, r);
	pthread_mutex_unlock(&o->lock);
	return hit;
}

static BENCH_NOINLINE void request_plain(struct bench_worker *w, unsigned operations)
{
	struct own *o = w->state;

	while (operations--)
		w->sum += operate(o->table, bench_random(w));
}

static BENCH_NOINLINE void request_locked(struct bench_worker *w, unsigned operations)
{
	while (operations--)
		w->sum += operate_locked(w->state, bench_random(w));
}

static BENCH_NOINLINE void request_turns(struct bench_worker *w, unsigned operations)
{
	struct own *pair = w->state;

	while (operations--)
		w->sum += operate_locked(&pair[operations & 1], bench_random(w));
}

int main(int argc, char **argv)
{
	struct bench_args args;

	bench_parse(argc, argv, &args);
	if (!strcmp(args.word, "locked"))
		return bench_run(&args, request_locked, own_new);
	if (!strcmp(args.word, "turns"))
		return bench_run(&args, request_turns, own_new);
	return bench_run(&args, request_plain, own_new);
}
