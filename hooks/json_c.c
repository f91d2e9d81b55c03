/* SPDX-License-Identifier: MIT */
/*
 * json_c.c - objects of json-c, and its lh_table where a program uses that itself. The rows are json_c.def and lh_table.def.
 *
 * Accesses    are what json_object.c and linkhash.c do to an object.
 * Names       json_object_get is a function of jansson, too: exported with json-c's versions only.
 * References  are a field of the object. Built as Debian builds it (without ENABLE_THREADING) json-c counts by plain
 *             additions: then taking and dropping one writes the count, which is a cell of its own, for reading an object is
 *             no conflict with that. How it counts is read from the code of json_object_get; in doubt the count is not judged.
 *             Where the place of the count is not known, the end of an object is told by free() alone.
 */
#define HOOK_PREFIX "json_c__"
#define HOOK_VERSION "JSONC_0.14"
#define HOOK_LIBRARY "libjson-c.so"

#include "../preload/engine/layout.h"
#include "map_rows.h"

typedef int json_c_fn(void);

/* The begin of the public struct lh_table. */
struct lh_layout {
	int size, count;
	const void *head, *tail;
	void *table;
};

/* The private struct json_object_object of 0.14 and later; the type is first in all. */
struct json_c_layout {
	int type;
	uint32_t references;
	void *to_string, *text, *user_delete, *user;
	struct lh_layout *table;
};
static int layout; /* 0 not known, 1 as above, -1 some other */
static int counts_plainly;

enum { JSON_C_OBJECT = 4 };

static inline int is_object(const struct json_c_layout *o)
{
	return o && load_relaxed(&o->type) == JSON_C_OBJECT;
}
#define OBJECT(o) (is_object(o) ? KEY(o) : 0)

/* ---- objects --------------------------------------------------------------------------------------------------- */

static long entries_of(uintptr_t map);
static long capacity_of(uintptr_t map);

static const struct race_kind object_kind = {
	.name = "json_object",
	.contract = CONTRACT_UNSAFE,
	.entries = entries_of,
	.capacity = capacity_of,
};

ORIGIN(object_kind, "libjson-c.so.*")
LAYOUT_TYPE(json_c_layout, object_kind, "struct json_object_object", "json-c 0.14 and later",
	    "the first object made must be of type 4, with one reference and the table that json_object_get_object gives, empty")
LAYOUT(json_c_layout, type, "base.o_type", "whether it is an object; the check")
LAYOUT(json_c_layout, references, "base._ref_count", "whether json_object_put destroys the object; the place of the count")
LAYOUT(json_c_layout, text, "base._pb", "the check")
LAYOUT(json_c_layout, user, "base._userdata", "the check")
LAYOUT(json_c_layout, table, "c_object", "the table, for its size")

static void learn(const struct json_c_layout *o, const void *caller);

#define HOOK_KIND object_kind
#include "json_c.def"
#undef HOOK_KIND

static long entries_of(uintptr_t map)
{
	__typeof__(&json_object_object_length) size =
		(__typeof__(&json_object_object_length))hook_known(&hook_json_object_object_length);

	return size ? (long)size((const void *)map) : -1;
}

static long capacity_of(uintptr_t map)
{
	return load_relaxed(&layout) == 1 ? load_relaxed(&load_relaxed(&((const struct json_c_layout *)map)->table)->size) : 0;
}

/* ---- references ------------------------------------------------------------------------------------------------ */

static const struct race_kind count_kind = {
	.name = "json_object reference count",
	.contract = CONTRACT_UNSAFE,
};
ORIGIN(count_kind, "libjson-c.so.*")

/* The count is written while the real function runs; what it is there for ends with the call of the wrapper. */
static void count_write(const struct race_op *op, const struct json_c_layout *o, const uintptr_t *fp)
{
	struct race_op_open open;
	struct race_thread *t;

	if (!load_relaxed(&counts_plainly))
		return;
	t = thread_enter();
	if (unlikely(!t))
		return;
	hook_op_enter(t, op, KEY(&o->references), 0, RACE_NO_BUCKET, fp, &open);
	hook_op_exit(t, &open);
}

RACE_EXPORT void *json_object_get(struct json_c_layout *o) HOOK_NAMED(json_object_get);
HOOK_SLOT(json_object_get)
HOOK_OP(json_object_get, &count_kind, UPDATE, WRITE, KEY_NONE, 0)
void *json_object_get(struct json_c_layout *o)
{
	if (is_object(o)) {
		count_write(&op_json_object_get, o, FRAME);
		SYNC_ENTER(map_ref(t, KEY(o)));
	}
	return REAL(json_object_get)(o);
}

HOOK_EXTRA_OP(json_object_put, counting, &count_kind, UPDATE, WRITE, 0)
RACE_EXPORT int json_object_put(struct json_c_layout *o) HOOK_NAMED(json_object_put);
HOOK_SLOT(json_object_put)
HOOK_OP(json_object_put, &object_kind, DESTROY, WRITE, KEY_NONE, OP_INTERVAL)
int json_object_put(struct json_c_layout *o)
{
	__typeof__(&json_object_put) real = REAL(json_object_put);
	struct reference_drop drop;
	int result;

	if (load_relaxed(&layout) != 1 || !is_object(o))
		return real(o);
	count_write(&op_counting_json_object_put, o, FRAME);
	reference_drop_begin(&drop, KEY(o), (int)load_relaxed(&o->references), &op_json_object_put, NULL, FRAME);
	result = real(o);
	reference_drop_end(&drop, KEY(o), &op_json_object_put, FRAME);
	return result;
}

/* Is there a plain store to the count, four bytes into the object, and no locked instruction? */
static int stores_plainly(const uint8_t *code)
{
	int found = 0;

#ifdef __x86_64__
	for (int i = code[0] == 0xe9 ? 5 : 0; i < 40; i++) { /* not the jump of a patch */
		int near = (code[i + 1] & 0xc0) == 0x40 && code[i + 2] == 4; /* disp8(%reg), as the destination */

		if (code[i] == 0xf0)
			return 0;
		found |= near && (code[i] == 0x89 || code[i] == 0xff || (code[i] == 0x83 && !(code[i + 1] & 0x38)));
	}
#endif
	return found;
}

static void learn(const struct json_c_layout *o, const void *caller)
{
	__typeof__(&json_object_get_object) table;

	if (likely(load_relaxed(&layout)))
		return;
	table = (__typeof__(&json_object_get_object))hook_ask(&hook_json_object_get_object, caller);
	(void)hook_ask(&hook_json_object_object_length, caller); /* for entries_of, which has no caller to find it by */
	(void)hook_ask(&hook_json_object_get, caller);
	store_relaxed(&counts_plainly, 0);
	if (o->type != JSON_C_OBJECT || o->references != 1 || o->text || o->user || o->table != table(o) || !o->table ||
	    o->table->size < 1 || o->table->count || o->table->head) {
		store_relaxed(&layout, -1);
		return;
	}
	if (hook_known(&hook_json_object_get) && hook_json_object_get.entry)
		store_relaxed(&counts_plainly, stores_plainly(hook_json_object_get.entry));
	store_relaxed(&layout, 1);
}

/* ---- tables of the program ------------------------------------------------------------------------------------- */

static long table_entries_of(uintptr_t map)
{
	return load_relaxed(&((const struct lh_layout *)map)->count);
}

static long table_capacity_of(uintptr_t map)
{
	return load_relaxed(&((const struct lh_layout *)map)->size);
}

static const struct race_kind table_kind = {
	.name = "lh_table",
	.contract = CONTRACT_UNSAFE,
	.entries = table_entries_of,
	.capacity = table_capacity_of,
};
ORIGIN(table_kind, "libjson-c.so.*")
LAYOUT_TYPE(lh_layout, table_kind, "struct lh_table", "json-c 0.14 and later", "none: the begin of a public struct")
LAYOUT(lh_layout, size, "size", "buckets in reports; growth")
LAYOUT(lh_layout, count, "count", "entries in reports")
LAYOUT(lh_layout, head, "head", "the check of json_object's layout")

#undef HOOK_POLICY
#define HOOK_POLICY PATCH_NEVER
#define HOOK_KIND table_kind
#include "lh_table.def"
