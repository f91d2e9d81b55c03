/* SPDX-License-Identifier: MIT */
/*
 * std_maps.c - identity and lives of libstdc++'s containers.
 *
 * Owns       per thread: where its iterators stand. Process: which containers were seen filled, pages known to be mapped.
 * Identity   a node does not name its container. A tree's is found by walking up: about log2(n) loads, once for each
 *            container and epoch of a thread; the steps after that are recognised by their node.
 * Filled     a slot of the table is written by whoever comes last; what is pushed out is not known to have been filled,
 *            and then keeps its history. Taking the mark off is an exchange, so that of two first insertions at once
 *            only one begins the container anew.
 * Must not   follow a pointer of the program into memory that may be unmapped, or believe half of a link.
 */
#include "std_maps.h"

#include <sys/syscall.h>

#include "../preload/helper_host.h"
#include "../preload/sys/os.h"

/* ---- memory ---------------------------------------------------------------------------------------------------------- */

/*
 * Pages that were found mapped, by number, with the age of the table at that time. All of them are forgotten now and then:
 * pages go, too, if not often. One that went meanwhile matters only where a link leads into memory that was freed, in a
 * tree that is read while another thread changes it.
 */
enum { PAGE_SHIFT = 12, PAGE_BITS = 47 - PAGE_SHIFT, PAGES_KNOWN = 1 << 14, AGE_LOOKUPS = 1 << 20 };
static uint64_t pages_known[PAGES_KNOWN];
static uint64_t pages_age = (uint64_t)1 << PAGE_BITS; /* in the bits above a page's number; never 0 */
static __thread uint32_t pages_lookups;

static inline uint64_t *page_slot(uintptr_t page)
{
	return &pages_known[(page ^ page >> 14) % PAGES_KNOWN];
}

/* The kernel reads the set before it finds `how` wrong: EFAULT or EINVAL, and nothing changes. Sandboxes let programs handle
 * signals; a process that has put itself into one is left alone all the same. */
static __attribute__((noinline)) int page_probe(uintptr_t page)
{
	if (emit_is_sandboxed())
		return 0;
	if (!os_readable(page << PAGE_SHIFT))
		return 0;
	store_relaxed(page_slot(page), page | load_relaxed(&pages_age));
	return 1;
}

static inline int page_is_readable(uintptr_t page)
{
	return likely(load_relaxed(page_slot(page)) == (page | load_relaxed(&pages_age))) || page_probe(page);
}

static __attribute__((noinline)) void pages_forget(void)
{
	uint64_t age = load_relaxed(&pages_age) + ((uint64_t)1 << PAGE_BITS);

	pages_lookups = 0;
	store_relaxed(&pages_age, age ? age : (uint64_t)1 << PAGE_BITS);
}

static inline int is_address(uintptr_t at)
{
	return at >= 4096 && !(at >> 47 | (at & 7));
}

int std_readable(uintptr_t at, size_t bytes, uintptr_t near)
{
	uintptr_t first = at >> PAGE_SHIFT, last = (at + bytes - 1) >> PAGE_SHIFT;

	if (unlikely(++pages_lookups > AGE_LOOKUPS))
		pages_forget();
	if (unlikely(!is_address(at)))
		return 0;
	return (first == near >> PAGE_SHIFT || page_is_readable(first)) && (likely(first == last) || page_is_readable(last));
}

/* ---- trees ----------------------------------------------------------------------------------------------------------- */

enum { DEPTH = 96 }; /* of a tree that fills all memory */

static int color_of(const struct tree_node *n)
{
	return load_relaxed(&n->color);
}

uintptr_t std_tree_header_of(const struct tree_node *x)
{
	const struct tree_node *n = x, *p;

	if (unlikely((pages_lookups += 16) > AGE_LOOKUPS))
		pages_forget();
	for (int i = 0; i < DEPTH; i++, n = p) {
		p = load_relaxed(&n->parent);
		if (unlikely((unsigned)color_of(n) > TREE_BLACK || !is_address((uintptr_t)p)) ||
		    !page_is_readable((uintptr_t)p >> PAGE_SHIFT) ||
		    unlikely(((uintptr_t)p & 4095) > 4096 - sizeof(*p) && !page_is_readable((uintptr_t)(p + 1) >> PAGE_SHIFT)))
			return 0;
		if (load_relaxed(&p->parent) == n) {
			/* Root and header are each other's parent; the root is black, the header red. */
			if (color_of(n) == TREE_BLACK && color_of(p) == TREE_RED)
				return (uintptr_t)p;
			return n == x && color_of(n) == TREE_RED && color_of(p) == TREE_BLACK ? (uintptr_t)n : 0;
		}
		/* Left or right is a matter of chance, which costs most where it is guessed: no branch. */
		if (!((load_relaxed(&p->left) == n) | (load_relaxed(&p->right) == n)))
			return 0;
	}
	return 0;
}

int std_tree_is_header(uintptr_t at)
{
	const struct tree_header *h = (const struct tree_header *)at;
	const struct tree_node *root = load_relaxed(&h->node.parent), *left = load_relaxed(&h->node.left),
			       *right = load_relaxed(&h->node.right);
	size_t count = load_relaxed(&h->count);

	if (color_of(&h->node) != TREE_RED || !left || !right)
		return 0;
	if (!root)
		return left == &h->node && right == &h->node && count == 0;
	return std_readable((uintptr_t)root, sizeof(*root), at) && load_relaxed(&root->parent) == &h->node &&
	       color_of(root) == TREE_BLACK;
}

/* ---- hash tables ------------------------------------------------------------------------------------------------------ */

int std_hash_is_header(uintptr_t at)
{
	const struct hash_header *h = (const struct hash_header *)at;
	uintptr_t buckets = (uintptr_t)load_relaxed(&h->buckets);
	size_t count = load_relaxed(&h->bucket_count);
	float load = h->max_load;

	if (!count || count >> 48 || buckets & 7 || buckets < 4096 || buckets >> 47 || !(load > 0.0f && load < 1e6f))
		return 0;
	return (count == 1) == (buckets == (uintptr_t)&h->single);
}

/* ---- walks by calls --------------------------------------------------------------------------------------------------- */

enum { STEPS = 4 };
static __thread struct step {
	uintptr_t node, container;
	uint64_t epoch;
	uint32_t gen;
} steps[STEPS];

static struct step *step_slot(uintptr_t node)
{
	return &steps[(node >> 5 ^ node >> 9) % STEPS];
}

uintptr_t std_step_find(const struct race_thread *t, uintptr_t node)
{
	const struct step *s = step_slot(node);

	return s->node == node && s->epoch == t->epoch && map_incarnation(s->container) == s->gen ? s->container : 0;
}

void std_step_keep(const struct race_thread *t, uintptr_t node, const struct race_op_open *open)
{
	if (open->cell)
		*step_slot(node) = (struct step){ node, open->map, t->epoch, open->gen };
}

__thread struct std_search std_search;

/* ---- lives ------------------------------------------------------------------------------------------------------------ */

enum { FILLED = 8192 };
static uintptr_t filled[FILLED];

static uintptr_t *filled_slot(uintptr_t container)
{
	return &filled[(container >> 3) * 0x9E3779B97F4A7C15ull >> 51];
}
_Static_assert(FILLED == 1 << (64 - 51), "a hash fits the table");

void std_filled(uintptr_t container)
{
	uintptr_t *slot = filled_slot(container);

	if (load_relaxed(slot) != container)
		store_release(slot, container); /* after the elements are there; partner: std_begins */
}

void std_emptied(uintptr_t container)
{
	uintptr_t was = container;

	if (load_relaxed(filled_slot(container)) == container)
		(void)cas_acq_rel(filled_slot(container), &was, 0);
}

void std_begins(uintptr_t container, int (*empty)(uintptr_t))
{
	uintptr_t was = container;

	if (load_acquire(filled_slot(container)) != container) /* partner: std_filled: then its elements are seen, too */
		return;
	if (empty(container) && cas_acq_rel(filled_slot(container), &was, 0))
		memory_forget(container, 1);
}
