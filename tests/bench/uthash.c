/* SPDX-License-Identifier: MIT */
/*
 * uthash.c - the loop of glib_own.c over uthash. Built twice: with uthash.h (native, TSan, Valgrind) and, as a user of
 * librace would, with librace_uthash.h in its place (BENCH_LIBRACE).
 */
#ifdef BENCH_LIBRACE
#include "librace_uthash.h"
#else
#include <uthash.h>
#endif

#include "bench.h"

#define KEYS 4096

struct item {
	int key, inside;
	UT_hash_handle hh;
};

struct own {
	struct item *head;
	struct item items[KEYS];
};

static void *own_new(void)
{
	struct own *o = calloc(1, sizeof(*o));

	for (unsigned i = 0; i < KEYS; i++)
		o->items[i].key = (int)i;
	for (unsigned i = 0; i < KEYS; i += 2) {
		struct item *item = &o->items[i];

		HASH_ADD_INT(o->head, key, item);
		item->inside = 1;
	}
	return o;
}

static BENCH_NOINLINE void request(struct bench_worker *w, unsigned operations)
{
	struct own *o = w->state;

	while (operations--) {
		uint32_t r = bench_random(w);
		struct item *item = &o->items[(r >> 12) % KEYS], *found;
		enum bench_what what = bench_what(r);

		/* an insert of what is there and a remove of what is not are lookups, as in any caller of uthash */
		if (what == BENCH_INSERT && !item->inside) {
			HASH_ADD_INT(o->head, key, item);
			item->inside = 1;
		} else if (what == BENCH_REMOVE && item->inside) {
			HASH_DEL(o->head, item);
			item->inside = 0;
		} else {
			HASH_FIND_INT(o->head, &item->key, found);
			w->sum += found != NULL;
		}
	}
}

int main(int argc, char **argv)
{
	struct bench_args args;

	bench_parse(argc, argv, &args);
	return bench_run(&args, request, own_new);
}
