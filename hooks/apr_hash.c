/* SPDX-License-Identifier: MIT */
/*
 * apr_hash.c - apr_hash_t, the hash table of the Apache Portable Runtime (httpd, Subversion). The rows are apr_hash.def.
 *
 * Lifetime   a table is memory of its pool and ends with it, without a call that names the table. apr_hash_make starts a
 *            new life at its address, so that nothing is held against whoever gets the memory next; a use after
 *            the pool's end is not told.
 * Reads that write  apr_hash_first(NULL, h) walks with an iterator inside the table, and so does every growth.
 * Iterators  struct apr_hash_index_t begins with its table; believed once a first step has shown it.
 *            Entries may come and go during a walk (apr_hash.h says so): no iterator ever counts as stale.
 */
#include <sys/types.h>

#include "../preload/engine/layout.h"
#include "apr.h"

static long entries_of(uintptr_t map);
static long capacity_of(uintptr_t map);

static const struct race_kind hash_kind = {
	.name = "apr_hash_t",
	.contract = CONTRACT_UNSAFE,
	.entries = entries_of,
	.capacity = capacity_of,
};
#define HOOK_KIND hash_kind

/* struct apr_hash_t of 1.3 to 1.7. */
struct hash_layout {
	void *pool, *array;
	struct hash_index {
		const void *table;
		void *at, *next;
		unsigned index;
	} iterator;
	unsigned count, max, seed;
	const void *hash;
	void *recycled;
};
static int layout; /* 0 not known, 1 as above, -1 some other */

ORIGIN(hash_kind, "libapr-1.so.0")
LAYOUT_TYPE(hash_layout, hash_kind, "struct apr_hash_t", "APR 1.3 to 1.7",
	    "the first table made must hold its pool and hash function, 16 buckets, no entry, nothing to reuse")
LAYOUT(hash_layout, pool, "pool", "the check")
LAYOUT(hash_layout, array, "array", "the check")
LAYOUT(hash_layout, iterator, "iterator", "whether a walk uses the iterator inside the table: that writes")
LAYOUT(hash_layout, count, "count", "entries in reports; the check")
LAYOUT(hash_layout, max, "max", "buckets in reports; growth; the check")
LAYOUT(hash_layout, hash, "hash_func", "the check")
LAYOUT(hash_layout, recycled, "free", "the check")
SIZE(hash_kind, &layout, SIZE_AT(hash_layout, count), SIZE_AT(hash_layout, max), SIZE_NONE, 1)
LAYOUT_TYPE(hash_index, hash_kind, "struct apr_hash_index_t", "APR 1.3 to 1.7", "the first walk's iterator must hold its table")
LAYOUT(hash_index, table, "ht", "the table that a step goes through; the check")

static void learn(const struct hash_layout *h, const void *pool, const void *hash)
{
	if (likely(load_relaxed(&layout)))
		return;
	store_relaxed(&layout, h->pool == pool && h->array && !h->count && h->max == 15 && h->hash == hash &&
				       !h->recycled ? 1 : -1);
}

static long entries_of(uintptr_t map)
{
	return load_relaxed(&layout) == 1 ? (long)load_relaxed(&((const struct hash_layout *)map)->count) : -1;
}

static long capacity_of(uintptr_t map)
{
	return load_relaxed(&layout) == 1 ? (long)load_relaxed(&((const struct hash_layout *)map)->max) + 1 : 0;
}

#include "apr_hash.def"

/* ---- keys ----------------------------------------------------------------------------------------------------------
 * A length of -1 says that the key is a string. Others are bytes whose end no report could know.
 */
#define KEY_IS_STRING (-1)

RACE_EXPORT void *apr_hash_get(void *h, const void *key, ssize_t bytes);
HOOK_EXTRA_OP(apr_hash_get, bytes, &hash_kind, LOOKUP, READ, 0)
HOOK_SLOT(apr_hash_get)
HOOK_OP(apr_hash_get, &hash_kind, LOOKUP, READ, KEY_STRING, 0)
void *apr_hash_get(void *h, const void *key, ssize_t bytes)
{
	__typeof__(&apr_hash_get) real = REAL(apr_hash_get);
	struct race_thread *t = thread_enter();
	struct race_op_open open;
	void *result;

	if (unlikely(!t))
		return real(h, key, bytes);
	hook_op_enter(t, bytes == KEY_IS_STRING ? &op_apr_hash_get : &op_bytes_apr_hash_get, KEY(h), KEY(key),
		      RACE_NO_BUCKET, FRAME, &open);
	result = real(h, key, bytes);
	hook_op_exit(t, &open);
	if (unlikely(load_relaxed(&race_compound)))
		hook_looked(t, bytes == KEY_IS_STRING ? &op_apr_hash_get : &op_bytes_apr_hash_get, KEY(h), KEY(key), FRAME,
			    result != NULL, KEY(result));
	return result;
}

/* No value: a removal. An absent key is only looked for then, and counts as a write all the same, as in glib_hash.def. */
RACE_EXPORT void apr_hash_set(void *h, const void *key, ssize_t bytes, const void *value);
HOOK_EXTRA_OP(apr_hash_set, bytes, &hash_kind, INSERT, WRITE, 0)
HOOK_EXTRA_OP(apr_hash_set, remove_bytes, &hash_kind, REMOVE, WRITE, 0)
HOOK_SLOT(apr_hash_set)
HOOK_OP(apr_hash_set, &hash_kind, INSERT, WRITE, KEY_STRING, 0)
static const struct race_op op_remove_apr_hash_set __attribute__((section("race_ops"), used, aligned(8))) = {
	"apr_hash_set", &hash_kind, (void *const *)&hook_apr_hash_set.entry, ROLE_REMOVE, ACCESS_WRITE, KEY_STRING, 0
};
void apr_hash_set(void *h, const void *key, ssize_t bytes, const void *value)
{
	__typeof__(&apr_hash_set) real = REAL(apr_hash_set);
	struct race_thread *t = thread_enter();
	const struct race_op *op;
	struct race_op_open open;

	if (unlikely(!t)) {
		real(h, key, bytes, value);
		return;
	}
	if (bytes == KEY_IS_STRING)
		op = value ? &op_apr_hash_set : &op_remove_apr_hash_set;
	else
		op = value ? &op_bytes_apr_hash_set : &op_remove_bytes_apr_hash_set;
	hook_op_enter(t, op, KEY(h), KEY(key), RACE_NO_BUCKET, FRAME, &open);
	real(h, key, bytes, value);
	hook_op_exit(t, &open);
}

/* Since 1.8: what is there, or else an insertion. Which of both nobody can know without the lock: a write. */
RACE_EXPORT void *apr_hash_get_or_set(void *h, const void *key, ssize_t bytes, const void *value);
HOOK_EXTRA_OP(apr_hash_get_or_set, bytes, &hash_kind, INSERT, WRITE, 0)
HOOK_SLOT(apr_hash_get_or_set)
HOOK_OP(apr_hash_get_or_set, &hash_kind, INSERT, WRITE, KEY_STRING, OP_IF_ABSENT)
void *apr_hash_get_or_set(void *h, const void *key, ssize_t bytes, const void *value)
{
	__typeof__(&apr_hash_get_or_set) real = REAL(apr_hash_get_or_set);
	struct race_thread *t = thread_enter();
	struct race_op_open open;
	void *result;

	if (unlikely(!t))
		return real(h, key, bytes, value);
	hook_op_enter(t, bytes == KEY_IS_STRING ? &op_apr_hash_get_or_set : &op_bytes_apr_hash_get_or_set, KEY(h), KEY(key),
		      RACE_NO_BUCKET, FRAME, &open);
	result = real(h, key, bytes, value);
	hook_op_exit(t, &open);
	return result;
}

/* ---- walks ------------------------------------------------------------------------------------------------------ */

static int walk_layout; /* 0 not known, 1: an iterator's first word is its table, -1: is not */

RACE_EXPORT void *apr_hash_first(void *pool, void *h);
HOOK_EXTRA_OP(apr_hash_first, inside, &hash_kind, ITERATE, WRITE, 0)
HOOK_SLOT(apr_hash_first)
HOOK_OP(apr_hash_first, &hash_kind, ITERATE, READ, KEY_NONE, 0)
void *apr_hash_first(void *pool, void *h)
{
	__typeof__(&apr_hash_first) real = REAL(apr_hash_first);
	struct race_thread *t = thread_enter();
	struct race_op_open open;
	struct hash_index *i;

	if (unlikely(!t))
		return real(pool, h);
	hook_op_enter(t, pool ? &op_apr_hash_first : &op_inside_apr_hash_first, KEY(h), 0, RACE_NO_BUCKET, FRAME, &open);
	i = real(pool, h);
	hook_op_exit(t, &open);
	if (unlikely(!load_relaxed(&walk_layout)) && i)
		store_relaxed(&walk_layout, i->table == h ? 1 : -1);
	return i;
}

/* A step writes the iterator, which may lie inside the table. */
RACE_EXPORT void *apr_hash_next(struct hash_index *i);
HOOK_EXTRA_OP(apr_hash_next, inside, &hash_kind, ITERATE, WRITE, 0)
HOOK_SLOT(apr_hash_next)
HOOK_OP(apr_hash_next, &hash_kind, ITERATE, READ, KEY_NONE, 0)
void *apr_hash_next(struct hash_index *i)
{
	__typeof__(&apr_hash_next) real = REAL(apr_hash_next);
	struct race_thread *t = i && load_relaxed(&walk_layout) == 1 ? thread_enter() : NULL;
	struct race_op_open open;
	uintptr_t map;
	void *result;

	if (unlikely(!t))
		return real(i);
	map = KEY(i->table);
	hook_op_enter(t, KEY(i) == map + offsetof(struct hash_layout, iterator) ? &op_inside_apr_hash_next : &op_apr_hash_next, map,
		      0, RACE_NO_BUCKET, FRAME, &open);
	result = real(i);
	hook_op_exit(t, &open);
	return result;
}
