/* SPDX-License-Identifier: MIT */
/*
 * std_tree.c - std::map, std::set, std::multimap, std::multiset of libstdc++. The rows are std_tree.def.
 *
 * Identity   the header node inside the container. Where the container begins (8 to 32 bytes before it, by comparator and
 *            allocator) nobody knows, and nobody needs to.
 * Accesses   an insertion links a node and rebalances up to the root; so does a removal. A step of an iterator follows links.
 *            Each step is one read: an abandoned iterator has no end.
 * Silent     look-ups, clear, copies, moves, swaps and the destructor are inlined: std_patterns.c sees those that the
 *            compiler put out of line. The nodes that clear and the destructor give back pass operator delete, but a
 *            removal in a destructor is no access that may be judged: what orders it after the other threads' use is often
 *            the count in a shared_ptr, an inlined atomic. Moves and swaps give nodes another header, which is why no node
 *            is remembered for longer than an epoch.
 */
#include "../preload/engine/layout.h"
#include "std_maps.h"
#include "sync_rows.h"

static long entries_of(uintptr_t map)
{
	size_t n = load_relaxed(&((const struct tree_header *)map)->count);

	return n >> 47 ? -1 : (long)n;
}

const struct race_kind std_tree_kind = {
	.name = "std::map/set",
	.contract = CONTRACT_UNSAFE,
	.entries = entries_of,
	.implicit = 1,
};

ORIGIN(std_tree_kind, "libstdc++.so.6")
#define TREE_CHECK "each time: every link followed has its counterpart, and only memory that is mapped is read"
LAYOUT_TYPE(tree_header, std_tree_kind, "std::_Rb_tree_header", "gcc 5 and later", TREE_CHECK)
LAYOUT(tree_header, node, "_M_header", "the identity of the container")
LAYOUT(tree_header, count, "_M_node_count", "entries in reports")
SIZE(std_tree_kind, NULL, SIZE_AT(tree_header, count), SIZE_NONE, SIZE_NONE, 0)
LAYOUT_TYPE(tree_node, std_tree_kind, "std::_Rb_tree_node_base", "gcc 5 and later", TREE_CHECK)
LAYOUT(tree_node, color, "_M_color", "root or header: the root is black, the header red")
LAYOUT(tree_node, parent, "_M_parent", "the way from a node to its container; whether there is any node")
LAYOUT(tree_node, left, "_M_left", "the check")
LAYOUT(tree_node, right, "_M_right", "the check")

#define TREE_OP(tag, symbol, text, role, access, flags)                                                              \
	static const struct race_op tag##symbol __attribute__((section("race_ops"), used, aligned(8))) = {           \
		text, &std_tree_kind, (void *const *)&hook_##symbol.entry, ROLE_##role, ACCESS_##access, KEY_NONE, flags \
	};

static int is_empty(uintptr_t header)
{
	return !load_relaxed(&((const struct tree_header *)header)->node.parent);
}

#define TREE_INSERT(symbol, text)                                                                                    \
	RACE_EXPORT void symbol(_Bool left, struct tree_node *x, struct tree_node *p, struct tree_node *header);     \
	HOOK_SLOT(symbol)                                                                                            \
	TREE_OP(op_, symbol, text, INSERT, WRITE, 0)                                                                 \
	TREE_OP(first_, symbol, text, INSERT, WRITE, OP_FIRST_USE)                                                   \
	void symbol(_Bool left, struct tree_node *x, struct tree_node *p, struct tree_node *header)                  \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = container_enter(CALLER);                                                     \
		struct race_op_open open;                                                                            \
		int first;                                                                                           \
		if (unlikely(!t)) {                                                                                  \
			real(left, x, p, header);                                                                    \
			return;                                                                                      \
		}                                                                                                    \
		first = is_empty(KEY(header));                                                                       \
		if (unlikely(first))                                                                                 \
			std_begins(KEY(header), is_empty);                                                           \
		std_wrote(KEY(header));                                                                              \
		hook_op_enter(t, first ? &first_##symbol : &op_##symbol, KEY(header), 0, RACE_NO_BUCKET, FRAME, &open); \
		real(left, x, p, header);                                                                            \
		hook_op_exit(t, &open);                                                                              \
		if (unlikely(first))                                                                                 \
			std_filled(KEY(header));                                                                     \
	}

#define TREE_ERASE(symbol, text)                                                                                     \
	RACE_EXPORT struct tree_node *symbol(struct tree_node *z, struct tree_node *header);                         \
	HOOK_SLOT(symbol)                                                                                            \
	TREE_OP(op_, symbol, text, REMOVE, WRITE, 0)                                                                 \
	struct tree_node *symbol(struct tree_node *z, struct tree_node *header)                                      \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = container_enter(CALLER);                                                     \
		struct race_op_open open;                                                                            \
		struct tree_node *result;                                                                            \
		if (unlikely(!t))                                                                                    \
			return real(z, header);                                                                      \
		hook_op_enter(t, &op_##symbol, KEY(header), 0, RACE_NO_BUCKET, FRAME, &open);                        \
		result = real(z, header);                                                                            \
		hook_op_exit(t, &open);                                                                              \
		if (unlikely(is_empty(KEY(header))))                                                                 \
			std_emptied(KEY(header));                                                                    \
		return result;                                                                                       \
	}

/* const_cast is the only difference between the forms for iterators and const_iterators. */
#define TREE_STEP(symbol, text)                                                                                      \
	RACE_EXPORT struct tree_node *symbol(struct tree_node *x);                                                   \
	HOOK_SLOT(symbol)                                                                                            \
	TREE_OP(op_, symbol, text, ITERATE, READ, 0)                                                                 \
	struct tree_node *symbol(struct tree_node *x)                                                                \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = load_relaxed(&race_multi) ? container_enter(CALLER) : NULL;                           \
		struct race_op_open open;                                                                            \
		struct tree_node *result;                                                                            \
		uintptr_t header;                                                                                    \
		if (unlikely(!t))                                                                                    \
			return real(x);                                                                              \
		header = std_step_find(t, KEY(x));                                                                   \
		if (unlikely(!header))                                                                               \
			header = std_tree_header_of(x);                                                              \
		if (unlikely(!header) || std_is_searching(header, FRAME)) {                                          \
			thread_leave(t);                                                                             \
			return real(x);                                                                              \
		}                                                                                                    \
		hook_op_enter(t, &op_##symbol, header, 0, RACE_NO_BUCKET, FRAME, &open);                             \
		result = real(x);                                                                                    \
		hook_op_exit(t, &open);                                                                              \
		hook_reenter(t);                                                                                     \
		std_step_keep(t, KEY(result), &open);                                                                \
		thread_leave(t);                                                                                     \
		return result;                                                                                       \
	}

#include "std_tree.def"
