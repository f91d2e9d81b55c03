/* SPDX-License-Identifier: MIT */
/*
 * std_maps.h - what the adapters of libstdc++'s containers share: layouts, and what is known of containers without a call
 * that says so.
 *
 * Everything here is read in memory that the program may be changing or freeing at this moment, because it races: what does
 * not look exactly as it should is not believed, and no address is followed that might not be mapped.
 */
#ifndef RACE_HOOKS_STD_MAPS_H
#define RACE_HOOKS_STD_MAPS_H

#include <stddef.h>
#include <stdint.h>

#include "../preload/engine/engine.h"

extern const struct race_kind std_tree_kind __attribute__((visibility("hidden")));
extern const struct race_kind std_hash_kind __attribute__((visibility("hidden")));

/* ---- layouts (bits/stl_tree.h and bits/hashtable.h of gcc 5 to 14; 64-bit) ----------------------------------------- */

/* std::_Rb_tree_node_base; a tree's header is one, too, followed by the number of its elements. */
enum { TREE_RED, TREE_BLACK };
struct tree_node {
	int32_t color;
	struct tree_node *parent, *left, *right;
};
struct tree_header {
	struct tree_node node; /* red; parent the root, left the first node, right the last; empty: NULL, itself, itself */
	size_t count;
};

/* The part of std::_Hashtable that all of them have, behind its (mostly empty) bases. */
struct hash_header {
	void **buckets;       /* with one bucket: &single */
	size_t bucket_count;
	void *first;          /* _M_before_begin */
	size_t element_count;
	float max_load;       /* from here on std::__detail::_Prime_rehash_policy */
	size_t next_resize;
	void *single;
};

/* ---- memory ---------------------------------------------------------------------------------------------------------- */

/* The bytes at [at, at + bytes) can be read, as far as anybody can know. `near` is an address in readable memory, 0: none. */
int std_readable(uintptr_t at, size_t bytes, uintptr_t near);

/* ---- trees ----------------------------------------------------------------------------------------------------------- */

/* The header of the tree that this node (readable; or the header itself) is linked into, found by walking up and checking each
 * link on the way; 0 when there is any doubt. */
uintptr_t std_tree_header_of(const struct tree_node *x);
/* A tree's header is at `at` (readable). */
int std_tree_is_header(uintptr_t at);

/* ---- hash tables ------------------------------------------------------------------------------------------------------ */

/* It looks like a hash table at `at` (readable). */
int std_hash_is_header(uintptr_t at);

/* ---- walks by calls ---------------------------------------------------------------------------------------------------
 * Where this thread's iterators stand: node -> container, as seen earlier in this very epoch of the thread and this life of the
 * container. Should the node be another's by now, the answer does no harm: an access that repeats one of the same epoch
 * adds nothing to what is known.
 */
uintptr_t std_step_find(const struct race_thread *t, uintptr_t node);
/* The operation that found it has just ended. */
void std_step_keep(const struct race_thread *t, uintptr_t node, const struct race_op_open *open);

/* ---- searches that may end in an insertion -----------------------------------------------------------------------------
 * m[k] and emplace search first. Found: a read. Not found: the write follows, and says all there is to say. So while such a
 * call runs, reads of its container wait, and are one read at its end if nothing was written. One call for each thread, the
 * outermost; one that is left by an exception is noticed when the thread is above its frame.
 */
struct std_search {
	uintptr_t container;
	const uintptr_t *fp; /* of the call */
	uint32_t written;
};
extern __thread struct std_search std_search __attribute__((visibility("hidden"), tls_model("initial-exec")));

static inline int std_is_searching(uintptr_t container, const uintptr_t *fp)
{
	return unlikely(std_search.container == container) && fp <= std_search.fp;
}

static inline void std_wrote(uintptr_t container)
{
	if (std_search.container == container)
		std_search.written = 1;
}

/* ---- lives ------------------------------------------------------------------------------------------------------------ */

/*
 * No call creates a container, and none that is seen ends it. One that was seen with elements, and has none although no
 * removal was seen, was destroyed, moved from, swapped away or cleared: what is there now may be another container, in
 * memory that a pool of the program gave out again. It begins anew, with nothing known of it.
 */
void std_filled(uintptr_t container);  /* it has elements now */
void std_emptied(uintptr_t container); /* by a removal that was seen: it is the same as before */
/* It is empty now, before its first insertion. `empty` tells whether it still is. */
void std_begins(uintptr_t container, int (*empty)(uintptr_t));

#endif
