/* SPDX-License-Identifier: MIT */
/*
 * jansson.c - objects of jansson. The rows are jansson.def.
 *
 * Accesses    are what value.c, hashtable.c and dump.c do to the object's table.
 * Names       json_object_get and json_object_iter_next are functions of json-c, too: exported with jansson's version only.
 * References  are counted by inline atomics in the program: nobody sees them, nor the order that they make.
 */
#define HOOK_PREFIX "jansson__"
#define HOOK_VERSION "libjansson.so.4"
#define HOOK_LIBRARY "libjansson.so"

#include "../preload/engine/layout.h"
#include "map_rows.h"

static long entries_of(uintptr_t map);
static long capacity_of(uintptr_t map);

static const struct race_kind jansson_kind = {
	.name = "json_t object",
	.contract = CONTRACT_UNSAFE,
	.entries = entries_of,
	.capacity = capacity_of,
};
#define HOOK_KIND jansson_kind

typedef int jansson_fn(const char *text, size_t n, void *user);

/* json_t of the public header: the type and the count; type 0 is an object. Behind it the private json_object_t of 2.6 and
 * later: size 16, buckets 24, order 32, and two empty rings. */
struct jansson_layout {
	int type;
	size_t references;
	size_t size;
	void *buckets;
	size_t order;
	const void *list[2], *ordered[2];
};
#define OBJECT(o) ((o) && load_relaxed(&((const struct jansson_layout *)(o))->type) == 0 ? KEY(o) : 0)

static int layout; /* 0 not known, 1 as above, -1 some other */

ORIGIN(jansson_kind, "libjansson.so.4")
LAYOUT_TYPE(jansson_layout, jansson_kind, "json_object_t", "Jansson 2.6 and later",
	    "the first object made must be of type 0, with one reference, no entry, and two empty rings behind the table")
LAYOUT(jansson_layout, type, "json.type", "whether it is an object: nothing else is an access")
LAYOUT(jansson_layout, references, "json.refcount", "the check")
LAYOUT(jansson_layout, size, "hashtable.size", "the check")
LAYOUT(jansson_layout, order, "hashtable.order", "buckets in reports; growth")
LAYOUT(jansson_layout, list, "hashtable.list", "the check")
LAYOUT(jansson_layout, ordered, "hashtable.ordered_list", "the check")

static void learn(const struct jansson_layout *o, const void *caller);

#include "jansson.def"

static void learn(const struct jansson_layout *o, const void *caller)
{
	if (likely(load_relaxed(&layout)))
		return;
	(void)hook_ask(&hook_json_object_size, caller); /* for entries_of, which has no caller to find it by */
	store_relaxed(&layout, !o->type && o->references == 1 && !o->size && o->order && o->order < 16 &&
			       o->list[0] == o->list && o->list[1] == o->list && o->ordered[0] == o->ordered &&
			       o->ordered[1] == o->ordered ? 1 : -1);
}

static long entries_of(uintptr_t map)
{
	__typeof__(&json_object_size) size = (__typeof__(&json_object_size))hook_known(&hook_json_object_size);

	return size ? (long)size((const void *)map) : -1;
}

static long capacity_of(uintptr_t map)
{
	size_t order;

	if (load_relaxed(&layout) != 1)
		return 0;
	order = load_relaxed(&((const struct jansson_layout *)map)->order);
	return order < 48 ? 1L << order : 0;
}
