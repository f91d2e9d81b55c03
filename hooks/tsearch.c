/* SPDX-License-Identifier: MIT */
/*
 * tsearch.c - the binary trees of <search.h>. The rows are tsearch.def.
 *
 * Identity   rootp, the program's variable that points to the root. twalk, twalk_r and tdestroy get the root by value:
 *            which rootp it belongs to is remembered from the last tsearch, tfind or tdelete that left it there.
 *            Unknown: not checked.
 * Accesses   tsearch writes even when the key is present: glibc's balances on its way down (misc/tsearch.c,
 *            maybe_split_for_insert is called at every node visited). tdelete finds first, then unlinks and balances.
 * Lifetime   no call creates a tree, and after tdestroy the program's variable may start the next tree: so tdestroy
 *            counts as emptying it. Memory that dies takes rootp with it.
 */
#include "../preload/engine/layout.h"
#include "map_rows.h"

static const struct race_kind tree_kind = {
	.name = "tsearch tree",
	.contract = CONTRACT_UNSAFE,
	.implicit = 1,
};
ORIGIN(tree_kind, "libc.so.6")
#define HOOK_KIND tree_kind

typedef int compare_fn(const void *, const void *);

/*
 * Root node -> rootp, as last seen. A slot is written under its sequence counter by whoever finds it even and wins it;
 * a writer that finds it taken lets it be: then a walk may go unchecked.
 */
enum { ROOTS = 256 };
static struct root_seen {
	uint32_t sequence; /* odd while being written */
	const void *root;
	void *const *rootp;
	uint32_t incarnation; /* of the map at rootp: another one now means that the variable's memory has died */
} roots[ROOTS];

static inline struct root_seen *root_slot(const void *root)
{
	return &roots[(KEY(root) * 0x9E3779B97F4A7C15ull) >> 56];
}

static void root_remember(void *const *rootp)
{
	const void *root = rootp ? load_relaxed(rootp) : NULL;
	struct root_seen *s = root_slot(root);
	uint32_t sequence = load_relaxed(&s->sequence), incarnation = map_incarnation(KEY(rootp));

	if (!root || (load_relaxed(&s->root) == root && load_relaxed(&s->rootp) == rootp &&
		      load_relaxed(&s->incarnation) == incarnation) || sequence & 1 ||
	    !cas_acq_rel(&s->sequence, &sequence, sequence + 1))
		return;
	store_relaxed(&s->root, root);
	store_relaxed(&s->rootp, rootp);
	store_relaxed(&s->incarnation, incarnation);
	store_release(&s->sequence, sequence + 2); /* partner: the loads in root_owner */
}

/* NULL when not known, or not the tree's variable any more: its memory died or moved, or it points elsewhere. */
static void *const *root_owner(const void *root)
{
	struct root_seen *s = root_slot(root);
	uint32_t before = load_acquire(&s->sequence); /* partner: the release in root_remember */
	const void *at = load_relaxed(&s->root);
	void *const *rootp = load_relaxed(&s->rootp);
	uint32_t incarnation = load_relaxed(&s->incarnation);

	__atomic_thread_fence(__ATOMIC_ACQUIRE); /* partner: the exchange in root_remember */
	if (!root || at != root || before & 1 || load_relaxed(&s->sequence) != before)
		return NULL;
	if (!incarnation || map_incarnation(KEY(rootp)) != incarnation)
		return NULL;
	return load_relaxed(rootp) == root ? rootp : NULL;
}

#include "tsearch.def"
