/* SPDX-License-Identifier: MIT */
/*
 * std_unordered.c - std::unordered_map and its kin of libstdc++. The rows are std_unordered.def.
 *
 * Identity   the _M_buckets member, 32 bytes before the policy that the functions get. A policy may lie elsewhere: the words
 *            around it must look like a table, and one of them be the number that the caller has read there.
 * Moment     the functions are called just before the table is changed: the operation is a point in time. Who is inside
 *            meanwhile is not seen; happens-before decides.
 * Silent     look-ups, iteration, removal, clear, moves and swaps are inlined: std_patterns.c sees those that the compiler
 *            put out of line.
 */
#include "../preload/engine/layout.h"
#include "std_maps.h"
#include "sync_rows.h"

static long entries_of(uintptr_t map)
{
	size_t n = load_relaxed(&((const struct hash_header *)map)->element_count);

	return n >> 47 ? -1 : (long)n;
}

static long capacity_of(uintptr_t map)
{
	return (long)load_relaxed(&((const struct hash_header *)map)->bucket_count);
}

const struct race_kind std_hash_kind = {
	.name = "std::unordered_map/set",
	.contract = CONTRACT_UNSAFE,
	.entries = entries_of,
	.capacity = capacity_of,
	.implicit = 1,
};

ORIGIN(std_hash_kind, "libstdc++.so.6")
LAYOUT_TYPE(hash_header, std_hash_kind, "std::_Hashtable, behind its bases", "gcc 5 and later",
	    "each time: sizes and load factor must be possible, and one bucket be the one inside")
LAYOUT(hash_header, buckets, "_M_buckets", "the identity of the container; the check")
LAYOUT(hash_header, bucket_count, "_M_bucket_count", "buckets in reports; growth; the check")
LAYOUT(hash_header, element_count, "_M_element_count", "entries in reports; whether it is empty")
LAYOUT(hash_header, max_load, "_M_rehash_policy", "the container around the policy that is all a call names; the check")
LAYOUT(hash_header, next_resize, "_M_rehash_policy._M_next_resize", "the check, where a member function's container is looked for")
LAYOUT(hash_header, single, "_M_single_bucket", "the check")
SIZE(std_hash_kind, NULL, SIZE_AT(hash_header, element_count), SIZE_AT(hash_header, bucket_count), SIZE_NONE, 0)

static int is_empty(uintptr_t table)
{
	return load_relaxed(&((const struct hash_header *)table)->element_count) == 0;
}

/* The table around a policy; 0 when none can be seen. */
static uintptr_t table_of(uintptr_t policy)
{
	uintptr_t table = policy - offsetof(struct hash_header, max_load);

	return std_readable(table, sizeof(struct hash_header), policy) && std_hash_is_header(table) ? table : 0;
}

#define HASH_OP(tag, symbol, text, role, flags)                                                                      \
	static const struct race_op tag##symbol __attribute__((section("race_ops"), used, aligned(8))) = {           \
		text, &std_hash_kind, (void *const *)&hook_##symbol.entry, ROLE_##role, ACCESS_WRITE, KEY_NONE, flags \
	};

/* std::pair<bool, size_t>: in two registers. */
struct need_rehash {
	_Bool first;
	size_t second;
};

static uintptr_t inserted_into(uintptr_t policy, size_t buckets, size_t elements)
{
	const struct hash_header *h;
	uintptr_t table = table_of(policy);

	h = (const struct hash_header *)table;
	/* Both numbers are the table's own, unless another thread is just changing it. */
	if (!table || (load_relaxed(&h->bucket_count) != buckets && load_relaxed(&h->element_count) != elements))
		return 0;
	if (elements)
		std_filled(table);
	else
		std_begins(table, is_empty);
	std_wrote(table);
	return table;
}

#define HASH_INSERT(symbol, text)                                                                                    \
	RACE_EXPORT struct need_rehash symbol(void *policy, size_t buckets, size_t elements, size_t more);           \
	HOOK_SLOT(symbol)                                                                                            \
	HASH_OP(op_, symbol, text, INSERT, 0)                                                                        \
	HASH_OP(first_, symbol, text, INSERT, OP_FIRST_USE)                                                          \
	struct need_rehash symbol(void *policy, size_t buckets, size_t elements, size_t more)                        \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = container_enter(CALLER);                                                     \
		struct race_op_open open;                                                                            \
		struct need_rehash result;                                                                           \
		uintptr_t table;                                                                                     \
		if (unlikely(!t))                                                                                    \
			return real(policy, buckets, elements, more);                                                \
		table = inserted_into(KEY(policy), buckets, elements);                                               \
		if (unlikely(!table)) {                                                                              \
			thread_leave(t);                                                                             \
			return real(policy, buckets, elements, more);                                                \
		}                                                                                                    \
		hook_op_enter(t, elements ? &op_##symbol : &first_##symbol, table, 0, RACE_NO_BUCKET, FRAME, &open); \
		result = real(policy, buckets, elements, more);                                                      \
		hook_op_exit(t, &open);                                                                              \
		return result;                                                                                       \
	}

/* A table without elements that has the one bucket it was made with is being constructed, or might be. */
static uintptr_t resized(uintptr_t policy)
{
	uintptr_t table = table_of(policy);

	return table && !(is_empty(table) && capacity_of(table) == 1) ? table : 0;
}

#define HASH_RESIZE(symbol, text)                                                                                    \
	RACE_EXPORT size_t symbol(void *policy, size_t buckets);                                                     \
	HOOK_SLOT(symbol)                                                                                            \
	HASH_OP(op_, symbol, text, RESIZE, 0)                                                                        \
	size_t symbol(void *policy, size_t buckets)                                                                  \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = load_relaxed(&race_multi) ? container_enter(CALLER) : NULL;                           \
		struct race_op_open open;                                                                            \
		uintptr_t table;                                                                                     \
		size_t result;                                                                                       \
		if (unlikely(!t))                                                                                    \
			return real(policy, buckets);                                                                \
		table = resized(KEY(policy));                                                                        \
		if (!table) {                                                                                        \
			thread_leave(t);                                                                             \
			return real(policy, buckets);                                                                \
		}                                                                                                    \
		hook_op_enter(t, &op_##symbol, table, 0, RACE_NO_BUCKET, FRAME, &open);                              \
		result = real(policy, buckets);                                                                      \
		hook_op_exit(t, &open);                                                                              \
		return result;                                                                                       \
	}

#include "std_unordered.def"
