/* SPDX-License-Identifier: MIT */
/*
 * memory.c - memory that dies takes its maps and locks with it; a new map at an old address is a new map.
 *
 * Only the releasing side of the allocators is hooked: free, realloc, the operator delete family (allocators such as jemalloc
 * and tcmalloc define those themselves, past free), munmap. Nothing of ours is ever inside an allocator.
 *
 * Fast path  one look at a page filter decides; the block's size is asked for only when something was ever watched.
 * Order      forget before free: afterwards another thread may have the block already. realloc of a watched block is done
 *            by hand (new block, copy, move what we know, free), so that there is no moment at which the old address
 *            belongs to somebody else while we still file our locks under it.
 * Start-up   dlsym may free while it looks up our real free: that block (a few bytes) is let go.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <dlfcn.h>

#include "../preload/exit.h"
#include "../preload/resolve.h"
#define HOOK_POLICY PATCH_PROGRAM
#include "hook.h"

RACE_EXPORT void free(void *p);
HOOK_SLOT(free)

typedef size_t usable_fn(void *);
static usable_fn *usable; /* NULL: an allocator without malloc_usable_size; then only the block's first byte is known */

static size_t block_bytes(void *p)
{
	usable_fn *f = load_relaxed(&usable);

	return f ? f(p) : 1;
}

static __attribute__((noinline)) void block_forget(void *p)
{
	struct race_thread *t = thread_enter();

	if (!t)
		return;
	memory_forget((uintptr_t)p, block_bytes(p));
	thread_leave(t);
}

static inline void block_dies(void *p)
{
	if (p && race_me && unlikely(memory_is_watched((uintptr_t)p, block_bytes(p))))
		block_forget(p);
}

void free(void *p)
{
	void (*real)(void *) = load_relaxed(&hook_free.real);

	if (unlikely(!real)) {
		if (resolve_running())
			return;
		real = hook_resolve(&hook_free, CALLER);
	}
	block_dies(p);
	real(p);
}

RACE_EXPORT void *realloc(void *p, size_t bytes);
HOOK_SLOT(realloc)

/* A block in which something is watched: moved by hand. */
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
	REAL(free)(p);
	return q;
}

void *realloc(void *p, size_t bytes)
{
	__typeof__(&realloc) real = REAL(realloc);

	if (p && race_me) {
		size_t had = block_bytes(p);

		if (unlikely(had > 1 && memory_is_watched((uintptr_t)p, had)))
			return realloc_watched(p, had, bytes);
	}
	return real(p, bytes);
}

/* C++ operator delete, by mangled name: plain, array; sized; aligned; nothrow. */
#define DELETE_HOOK(symbol, params, args)                                                                            \
	RACE_EXPORT void symbol params;                                                                              \
	HOOK_SLOT(symbol)                                                                                            \
	void symbol params                                                                                           \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		block_dies(p);                                                                                       \
		real args;                                                                                           \
	}

DELETE_HOOK(_ZdlPv, (void *p), (p))
DELETE_HOOK(_ZdaPv, (void *p), (p))
DELETE_HOOK(_ZdlPvm, (void *p, size_t n), (p, n))
DELETE_HOOK(_ZdaPvm, (void *p, size_t n), (p, n))
DELETE_HOOK(_ZdlPvRKSt9nothrow_t, (void *p, const void *tag), (p, tag))
DELETE_HOOK(_ZdaPvRKSt9nothrow_t, (void *p, const void *tag), (p, tag))
DELETE_HOOK(_ZdlPvSt11align_val_t, (void *p, size_t al), (p, al))
DELETE_HOOK(_ZdaPvSt11align_val_t, (void *p, size_t al), (p, al))
DELETE_HOOK(_ZdlPvmSt11align_val_t, (void *p, size_t n, size_t al), (p, n, al))
DELETE_HOOK(_ZdaPvmSt11align_val_t, (void *p, size_t n, size_t al), (p, n, al))
DELETE_HOOK(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t al, const void *tag), (p, al, tag))
DELETE_HOOK(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t al, const void *tag), (p, al, tag))

RACE_EXPORT int munmap(void *p, size_t bytes);
HOOK_SLOT(munmap)
int munmap(void *p, size_t bytes)
{
	__typeof__(&munmap) real = REAL(munmap);

	if (race_me && unlikely(memory_is_watched((uintptr_t)p, bytes))) {
		struct race_thread *t = thread_enter();

		if (t) {
			memory_forget((uintptr_t)p, bytes);
			thread_leave(t);
		}
	}
	return real(p, bytes);
}

/* ---- start-up ------------------------------------------------------------------------------------------------------ */

void hooks_resolve_early(void)
{
	hook_resolve(&hook_free, CALLER);
	hook_resolve(&hook_realloc, CALLER);
	store_relaxed(&usable, (usable_fn *)dlsym(RTLD_NEXT, "malloc_usable_size"));
}
