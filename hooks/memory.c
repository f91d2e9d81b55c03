/* SPDX-License-Identifier: MIT */
/*
 * memory.c - memory that dies takes its maps and locks with it; a new map at an old address is a new map.
 *
 * Only the releasing side of the allocators is hooked: free, realloc, the operator delete family (allocators such as jemalloc
 * and tcmalloc define those themselves, past free); for munmap see mapping.c. Nothing of ours is ever inside an allocator.
 *
 * Fast path  one look at a page filter decides; the block's size is asked for only when something was ever watched.
 * Size       malloc_usable_size is asked about blocks of the allocator that it belongs to and about no others: a program's own
 *            operator delete may get pointers into a pool. One that goes on to free (libstdc++'s) is seen there.
 * Order      forget before free: afterwards another thread may have the block already. realloc of a watched block is done
 *            by hand (new block, copy, move what we know, free), so that there is no moment at which the old address
 *            belongs to somebody else while we still file our locks under it.
 * Values     with atomicity=1, a block that another thread knows as a value is kept for a while (engine/compound.c).
 * Start-up   dlsym may free while it looks up our real free: that block (a few bytes) is let go.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <dlfcn.h>

#include "../preload/exit.h"
#include "../preload/resolve.h"
#define HOOK_POLICY PATCH_PROGRAM
#include "hook.h"

RACE_EXPORT void free(void *p);
HOOK_SLOT(free)

typedef size_t usable_fn(void *);
static usable_fn *usable; /* NULL: an allocator without malloc_usable_size */
static struct race_range allocator; /* the module that defines malloc and usable */

static inline int is_allocators(const struct race_hook *h)
{
	return range_holds(&allocator, (uintptr_t)load_relaxed(&h->entry));
}

/* A block that the function behind h is about to release; `known`: its size as far as the caller said it. */
static inline size_t block_bytes(const struct race_hook *h, void *p, size_t known)
{
	usable_fn *f = load_relaxed(&usable);

	return f && is_allocators(h) ? f(p) : known;
}

static __attribute__((noinline)) void block_forget(void *p, size_t bytes)
{
	struct race_thread *t = thread_enter();

	if (!t)
		return;
	memory_forget((uintptr_t)p, bytes);
	thread_leave(t);
}

static inline void block_dies(const struct race_hook *h, void *p, size_t known)
{
	size_t bytes;

	if (!p || !race_me)
		return;
	bytes = block_bytes(h, p, known);
	if (unlikely(memory_is_watched((uintptr_t)p, bytes)))
		block_forget(p, bytes);
}

/*
 * What a report shows of the two functions. They are operations on no map: their real functions stand here and not in the
 * hooks, so that nobody counts them as such.
 */
static const struct race_kind block_kind = { .name = "memory" };
static void *free_entry, *realloc_entry;
#define BLOCK_OP(symbol, role)                                                                                       \
	static const struct race_op op_##symbol __attribute__((section("race_ops"), used, aligned(8))) = {           \
		#symbol, &block_kind, &symbol##_entry, ROLE_##role, ACCESS_WRITE, KEY_NONE, 0                        \
	};
BLOCK_OP(free, REMOVE)
BLOCK_OP(realloc, UPDATE)

/* A block that may be a value which some look-up gave to a thread (engine/compound.h). Returns what to free now, or NULL. */
static __attribute__((noinline, cold)) void *value_freed(void *p, const uintptr_t *fp)
{
	struct race_thread *t;
	void *now;

	if (!race_me || !is_allocators(&hook_free) || !load_relaxed(&usable) || !compound_knows((uintptr_t)p))
		return p;
	t = thread_enter();
	if (!t)
		return p;
	store_relaxed(&free_entry, load_relaxed(&hook_free.entry));
	now = (void *)compound_free(t, &op_free, (uintptr_t)p, fp);
	thread_leave(t);
	if (now != p)
		block_dies(&hook_free, now, 1); /* what was used of it meanwhile */
	return now;
}

void free(void *p)
{
	void (*real)(void *) = load_relaxed(&hook_free.real);

	if (unlikely(!real)) {
		if (resolve_running())
			return;
		real = hook_called(&hook_free, CALLER);
	}
	block_dies(&hook_free, p, 1);
	if (unlikely(load_relaxed(&race_values)) && p)
		p = value_freed(p, FRAME);
	real(p);
}

RACE_EXPORT void *realloc(void *p, size_t bytes);
HOOK_SLOT(realloc)

static __attribute__((noinline, cold)) int value_resized(void *p, const uintptr_t *fp)
{
	struct race_thread *t;

	if (!compound_knows((uintptr_t)p))
		return 0;
	t = thread_enter();
	if (t) {
		store_relaxed(&realloc_entry, load_relaxed(&hook_realloc.entry));
		compound_resize(t, &op_realloc, (uintptr_t)p, fp);
		thread_leave(t);
	}
	return t != NULL;
}

/* A block in which something is watched, or that somebody knows as a value: moved by hand. */
static __attribute__((noinline)) void *realloc_watched(void *p, size_t had, size_t bytes)
{
	struct memory_move from = { (uintptr_t)p, had };
	struct race_thread *t;
	void *q;

	if (bytes && bytes <= had)
		return p;
	if (!bytes) {
		free(p);
		return NULL;
	}
	q = malloc(bytes);
	if (!q)
		return NULL;
	memcpy(q, p, had);
	t = thread_enter();
	if (t) {
		memory_moved(&from, (uintptr_t)q);
		thread_leave(t);
	}
	if (unlikely(load_relaxed(&race_values)))
		p = value_freed(p, FRAME);
	REAL(free)(p);
	return q;
}

void *realloc(void *p, size_t bytes)
{
	__typeof__(&realloc) real = REAL(realloc);

	if (p && race_me && is_allocators(&hook_free)) {
		size_t had = block_bytes(&hook_realloc, p, 1);

		if (unlikely(had > 1 && (memory_is_watched((uintptr_t)p, had) ||
					 (load_relaxed(&race_values) && value_resized(p, FRAME)))))
			return realloc_watched(p, had, bytes);
	}
	return real(p, bytes);
}

/* C++ operator delete, by mangled name: plain, array; sized; aligned; nothrow. */
#define DELETE_HOOK(symbol, params, args, known)                                                                     \
	RACE_EXPORT void symbol params;                                                                              \
	HOOK_SLOT(symbol)                                                                                            \
	void symbol params                                                                                           \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		block_dies(&hook_##symbol, p, known);                                                                \
		real args;                                                                                           \
	}

DELETE_HOOK(_ZdlPv, (void *p), (p), 1)
DELETE_HOOK(_ZdaPv, (void *p), (p), 1)
DELETE_HOOK(_ZdlPvm, (void *p, size_t n), (p, n), n)
DELETE_HOOK(_ZdaPvm, (void *p, size_t n), (p, n), n)
DELETE_HOOK(_ZdlPvRKSt9nothrow_t, (void *p, const void *tag), (p, tag), 1)
DELETE_HOOK(_ZdaPvRKSt9nothrow_t, (void *p, const void *tag), (p, tag), 1)
DELETE_HOOK(_ZdlPvSt11align_val_t, (void *p, size_t al), (p, al), 1)
DELETE_HOOK(_ZdaPvSt11align_val_t, (void *p, size_t al), (p, al), 1)
DELETE_HOOK(_ZdlPvmSt11align_val_t, (void *p, size_t n, size_t al), (p, n, al), n)
DELETE_HOOK(_ZdaPvmSt11align_val_t, (void *p, size_t n, size_t al), (p, n, al), n)
DELETE_HOOK(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t al, const void *tag), (p, al, tag), 1)
DELETE_HOOK(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t al, const void *tag), (p, al, tag), 1)

/* ---- start-up ------------------------------------------------------------------------------------------------------ */

/* What a search from the program on finds, as those who call malloc do: an executable that has its own comes before us. */
static void allocator_find(void)
{
	void *size = dlsym(RTLD_DEFAULT, "malloc_usable_size"), *give = dlsym(RTLD_DEFAULT, "malloc");
	struct dl_find_object found;

	if (!size || !give || _dl_find_object(give, &found) != 0)
		return;
	allocator.lo = (uintptr_t)found.dlfo_map_start;
	allocator.hi = (uintptr_t)found.dlfo_map_end;
	if (range_holds(&allocator, (uintptr_t)size))
		store_relaxed(&usable, (usable_fn *)size);
}

void hooks_resolve_early(void)
{
	hook_resolve(&hook_free, CALLER);
	hook_resolve(&hook_realloc, CALLER);
	hooks_resolve_mapping();
	allocator_find();
}
