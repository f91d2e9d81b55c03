/* SPDX-License-Identifier: MIT */
/*
 * glib_hash.c - GHashTable and GHashTableIter. The rows are glib_hash.def.
 *
 * Accesses   are what glib/ghash.c does to the table, not what the names promise; each row says why.
 * Lifetime   a table is memory of GLib's slice allocator: its end is told by the reference count alone. The count is
 *            read in the table, where the layout was confirmed at a creation; references that GLib takes inside itself
 *            are hidden from the hooks.
 * Callbacks  hash and equality functions run inside every operation, destroy notifies inside those that drop entries.
 *            GLib calls notifies last, when the table is whole again; a notify may take and give locks (OP_INTERVAL).
 */
#include "../preload/engine/layout.h"
#include "borrow.h"
#include "glib_types.h"
#include "map_rows.h"

static long entries_of(uintptr_t map);
static long capacity_of(uintptr_t map);

static const struct race_kind hash_kind = {
	.name = "GHashTable",
	.contract = CONTRACT_UNSAFE,
	.entries = entries_of,
	.header_bytes = 96, /* sizeof(struct _GHashTable) on 64-bit machines since 2.60 */
	.capacity = capacity_of,
};
#define HOOK_KIND hash_kind

/* ---- births ---------------------------------------------------------------------------------------------------- */

BORROW(unsigned, g_str_hash, (const void *))
BORROW(unsigned, g_int_hash, (const void *))
BORROW(unsigned, g_int64_hash, (const void *))

static enum race_key_kind keys_of(const void *hash, const void *caller)
{
	if (borrowed_is(&borrowed_g_str_hash, hash, caller))
		return KEY_STRING;
	if (borrowed_is(&borrowed_g_int_hash, hash, caller))
		return KEY_INT_AT;
	if (borrowed_is(&borrowed_g_int64_hash, hash, caller))
		return KEY_LONG_AT;
	return KEY_POINTER;
}

/*
 * The private struct _GHashTable, as 2.60 and later lay it out:
 *   size 0, mod 8, mask 12, nnodes 16, noccupied 20, flags 24, keys 32, hashes 40, values 48, hash_func 56,
 *   key_equal_func 64, ref_count 72 (version 76), key_destroy_func 80, value_destroy_func 88.
 */
struct hash_layout {
	size_t size; /* of the arrays: a power of two */
	int mod;
	unsigned mask; /* size - 1 */
	unsigned entries, occupied;
	uint64_t arrays[4];
	const void *hash, *equal;
	int refs;
};
static int layout; /* 0 not known, 1 as above, -1 some other */

ORIGIN(hash_kind, "libglib-2.0.so.0")
LAYOUT_TYPE(hash_layout, hash_kind, "struct _GHashTable", "GLib 2.60 and later",
	    "the first table made with a hash function must hold both functions it was made with, one reference, no entry")
LAYOUT(hash_layout, entries, "nnodes", "entries at the end of an operation; the check")
LAYOUT(hash_layout, hash, "hash_func", "the kind of keys of g_hash_table_new_similar; the check")
LAYOUT(hash_layout, equal, "key_equal_func", "the check")
LAYOUT(hash_layout, refs, "ref_count", "whether dropping a reference destroys the table; the check")
SIZE(hash_kind, &layout, SIZE_AT(hash_layout, entries), SIZE_AT(hash_layout, size), SIZE_AT(hash_layout, occupied), 0)

static void learn(const struct hash_layout *h, const void *hash, const void *equal, const void *caller);

static inline int count_of(const void *map)
{
	return load_relaxed(&layout) == 1 ? load_relaxed(&((const struct hash_layout *)map)->refs) : -1;
}

static unsigned size_now(void *table, const void *caller);
static const void *hash_of(const void *table)
{
	return load_relaxed(&layout) == 1 && table ? ((const struct hash_layout *)table)->hash : NULL;
}

#include "glib_hash.def"

static void learn(const struct hash_layout *h, const void *hash, const void *equal, const void *caller)
{
	(void)hook_ask(&hook_g_hash_table_size, caller); /* for entries_of, which has no caller to find it by */
	if (likely(load_relaxed(&layout)) || !hash)
		return;
	store_relaxed(&layout, h->hash == hash && h->equal == equal && load_relaxed(&h->refs) == 1 &&
				       load_relaxed(&h->entries) == 0 && h->size && h->size == h->mask + 1ul ? 1 : -1);
}

/* ---- size ------------------------------------------------------------------------------------------------------ */

/* Read where it can be: a call of the library's function is one that the program did not make. */
static unsigned size_now(void *table, const void *caller)
{
	__typeof__(&g_hash_table_size) size;

	if (likely(load_relaxed(&layout) == 1))
		return table ? load_relaxed(&((const struct hash_layout *)table)->entries) : 0;
	size = (__typeof__(&g_hash_table_size))hook_ask(&hook_g_hash_table_size, caller);
	return table ? size(table) : 0;
}

static long entries_of(uintptr_t map)
{
	__typeof__(&g_hash_table_size) size;

	if (likely(load_relaxed(&layout) == 1))
		return (long)load_relaxed(&((const struct hash_layout *)map)->entries);
	size = (__typeof__(&g_hash_table_size))hook_known(&hook_g_hash_table_size);
	return size ? (long)size((void *)map) : -1;
}

/* A resize sets size and mask one after the other: between the two nothing is known. */
static long capacity_of(uintptr_t map)
{
	const struct hash_layout *h = (const struct hash_layout *)map;
	size_t size;

	if (load_relaxed(&layout) != 1)
		return 0;
	size = load_relaxed(&h->size);
	return load_relaxed(&h->mask) + 1ul == size ? (long)size : 0;
}

/* ---- iterators ----------------------------------------------------------------------------------------------------
 * A step is one read: an abandoned iterator has no end. The first word of GHashTableIter is its table (RealIter in
 * ghash.c, unchanged since 2.16; the public struct has six words).
 */
struct hash_iterator {
	void *table;
};
LAYOUT_TYPE(hash_iterator, hash_kind, "GHashTableIter", "GLib 2.16 and later", "none: the begin of a public struct that has not changed")
LAYOUT(hash_iterator, table, "hash_table", "the table that a step goes through")

RACE_EXPORT void g_hash_table_iter_init(struct hash_iterator *i, void *table);
HOOK_SLOT(g_hash_table_iter_init)
HOOK_OP(g_hash_table_iter_init, &hash_kind, ITERATE, READ, KEY_NONE, 0) /* reads the version counter */
void g_hash_table_iter_init(struct hash_iterator *i, void *table)
{
	__typeof__(&g_hash_table_iter_init) real = REAL(g_hash_table_iter_init);
	struct race_thread *t = thread_enter();
	struct race_op_open open;

	if (unlikely(!t)) {
		real(i, table);
		return;
	}
	iterator_start(t, KEY(i), KEY(table));
	hook_op_enter(t, &op_g_hash_table_iter_init, KEY(table), 0, RACE_NO_BUCKET, FRAME, &open);
	real(i, table);
	hook_op_exit(t, &open);
}

RACE_EXPORT int g_hash_table_iter_next(struct hash_iterator *i, void **key, void **value);
HOOK_SLOT(g_hash_table_iter_next)
HOOK_OP(g_hash_table_iter_next, &hash_kind, ITERATE, READ, KEY_NONE, 0) /* reads size and the three arrays */
int g_hash_table_iter_next(struct hash_iterator *i, void **key, void **value)
{
	__typeof__(&g_hash_table_iter_next) real = REAL(g_hash_table_iter_next);
	struct race_thread *t = i ? thread_enter() : NULL;
	struct race_op_open open;
	struct race_touch touch;
	int result;

	if (unlikely(!t))
		return real(i, key, value);
	touch = (struct race_touch){ &op_g_hash_table_iter_next, KEY(i->table), 0, RACE_NO_BUCKET, FRAME };
	iterator_step(t, KEY(i), &touch);
	op_enter(t, &touch, &open);
	thread_leave(t);
	result = real(i, key, value);
	hook_op_exit(t, &open);
	return result;
}

/* remove, steal and replace through an iterator write the table and count its version up together with the iterator's
 * own: this iterator stays valid, all others do not. */
#define ITERATOR_WRITES(symbol, role, params, args)                                                                  \
	RACE_EXPORT void symbol params;                                                                              \
	HOOK_SLOT(symbol)                                                                                            \
	HOOK_OP(symbol, &hash_kind, role, WRITE, KEY_NONE, OP_INTERVAL)                                              \
	void symbol params                                                                                           \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = i ? thread_enter() : NULL;                                                   \
		struct race_op_open open;                                                                            \
		uintptr_t map;                                                                                       \
		if (unlikely(!t)) {                                                                                  \
			real args;                                                                                   \
			return;                                                                                      \
		}                                                                                                    \
		map = KEY(i->table);                                                                                 \
		hook_op_enter(t, &op_##symbol, map, 0, RACE_NO_BUCKET, FRAME, &open);                                \
		real args;                                                                                           \
		hook_op_exit(t, &open);                                                                              \
		hook_reenter(t);                                                                                     \
		map_changed(t, map, KEY(i));                                                                         \
		thread_leave(t);                                                                                     \
	}

ITERATOR_WRITES(g_hash_table_iter_remove, REMOVE, (struct hash_iterator *i), (i))
ITERATOR_WRITES(g_hash_table_iter_steal, REMOVE, (struct hash_iterator *i), (i))
ITERATOR_WRITES(g_hash_table_iter_replace, UPDATE, (struct hash_iterator *i, void *value), (i, value))
