/* SPDX-License-Identifier: MIT */
/*
 * gtree.c - GTree. The rows are gtree.def.
 *
 * A look-up compares keys and writes nothing; an insertion or removal rewrites links and balances up to the root. Trees
 * are counted like hash tables (glib_hash.c). g_tree_node_next, _previous, _key and _value take a node, from which no
 * tree can be told: they are not hooked.
 */
#include <string.h>

#include "../preload/engine/layout.h"
#include "borrow.h"
#include "glib_types.h"
#include "map_rows.h"

static long entries_of(uintptr_t map);

static const struct race_kind tree_kind = {
	.name = "GTree",
	.contract = CONTRACT_UNSAFE,
	.entries = entries_of,
	.header_bytes = 48, /* sizeof(struct _GTree) on 64-bit machines since 2.22 */
};
#define HOOK_KIND tree_kind

BORROW(int, g_strcmp0, (const char *, const char *))

static enum race_key_kind keys_of(const void *compare, const void *caller)
{
	if (borrowed_is(&borrowed_g_strcmp0, compare, caller) || compare == (const void *)&strcmp)
		return KEY_STRING;
	return KEY_POINTER;
}

/* The private struct _GTree: root 0, key_compare 8, key_destroy_func 16, value_destroy_func 24, key_compare_data 32,
 * nnodes 40, ref_count 44. */
struct tree_layout {
	void *root;
	const void *compare;
	void *free_key, *free_value, *data;
	unsigned nodes;
	int refs;
};
static int layout; /* 0 not known, 1 as above, -1 some other */

ORIGIN(tree_kind, "libglib-2.0.so.0")
LAYOUT_TYPE(tree_layout, tree_kind, "struct _GTree", "GLib 2.22 and later",
	    "the first tree made must hold the comparison it was made with, one reference, no node")
LAYOUT(tree_layout, root, "root", "the check")
LAYOUT(tree_layout, compare, "key_compare", "the check")
LAYOUT(tree_layout, nodes, "nnodes", "the check")
LAYOUT(tree_layout, refs, "ref_count", "whether dropping a reference destroys the tree; the check")
SIZE(tree_kind, &layout, SIZE_AT(tree_layout, nodes), SIZE_NONE, SIZE_NONE, 0)

static void learn(const struct tree_layout *tree, const void *compare, const void *caller);

static inline int count_of(const void *map)
{
	return load_relaxed(&layout) == 1 ? load_relaxed(&((const struct tree_layout *)map)->refs) : -1;
}

#include "gtree.def"

static void learn(const struct tree_layout *tree, const void *compare, const void *caller)
{
	if (likely(load_relaxed(&layout)))
		return;
	(void)hook_ask(&hook_g_tree_nnodes, caller); /* for entries_of, which has no caller to find it by */
	store_relaxed(&layout, !tree->root && tree->compare == compare && !tree->nodes && tree->refs == 1 ? 1 : -1);
}

static long entries_of(uintptr_t map)
{
	__typeof__(&g_tree_nnodes) size = (__typeof__(&g_tree_nnodes))hook_known(&hook_g_tree_nnodes);

	return size ? (long)size((void *)map) : -1;
}
