/* SPDX-License-Identifier: MIT */
/*
 * glib_ref.c - reference counts that own maps, and the slice allocator.
 *
 * Whoever drops the last reference finalizes the object, with its tables, after everything that the other owners did
 * before they dropped theirs: the count is an atomic read-modify-write that nobody else sees. Each drop releases into
 * the object's own clock and acquires it, since two drops at once may both look like the last but one.
 */
#include "glib_types.h"
#include "sync_rows.h"

/* struct _GObject, gobject/gobject.h. */
struct gobject {
	void *type;
	unsigned refs;
};

/* The clock of an object's former owners; the object's own address may stand for what it does (a GTask's result). */
#define OWNERS(object) (KEY(object) + 1)

/* The only owner has nobody to order: it acquires what former owners released. */
static inline void drop(struct race_thread *t, const void *object, int alone)
{
	if (!alone)
		sync_release_join(t, OWNERS(object));
	sync_acquire(t, OWNERS(object));
}

/* Outside the guard and before anything else: objects are dropped often, and mostly by a process with one thread. */
#define DROP_HOOK(symbol, params, args, object, alone)                                                               \
	RACE_EXPORT void symbol params;                                                                              \
	HOOK_SLOT(symbol)                                                                                            \
	void symbol params                                                                                           \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		if (load_relaxed(&race_multi) && (object))                                                           \
			SYNC_ENTER(drop(t, object, alone));                                                          \
		real args;                                                                                           \
	}

DROP_HOOK(g_object_unref, (struct gobject *o), (o), o, load_relaxed(&o->refs) == 1)
DROP_HOOK(g_atomic_rc_box_release, (void *box), (box), box, 0)
DROP_HOOK(g_atomic_rc_box_release_full, (void *box, glib_fn clear), (box, clear), box, 0)

/* TRUE: that was the last one. */
SYNC_HOOK(int, g_atomic_ref_count_dec, (int *count), (count), sync_release_join(t, KEY(count)), result,
	  sync_acquire(t, KEY(count)))

/* ---- slices: memory that dies takes its locks and maps with it ------------------------------------------------- */

static __attribute__((noinline)) void block_dies(uintptr_t at, size_t bytes)
{
	SYNC_ENTER((void)t; memory_forget(at, bytes));
}

/* What libglib frees for itself, such as the header of a hash table, is told by the functions that do it. */
RACE_EXPORT void g_slice_free1(size_t bytes, void *p);
HOOK_SLOT(g_slice_free1)
void g_slice_free1(size_t bytes, void *p)
{
	if (p && race_me && !INSIDE(g_slice_free1) && unlikely(memory_is_watched(KEY(p), bytes)))
		block_dies(KEY(p), bytes);
	REAL(g_slice_free1)(bytes, p);
}

RACE_EXPORT void g_slice_free_chain_with_offset(size_t bytes, void *chain, size_t next);
HOOK_SLOT(g_slice_free_chain_with_offset)
void g_slice_free_chain_with_offset(size_t bytes, void *chain, size_t next)
{
	for (char *p = chain; p && race_me && !INSIDE(g_slice_free_chain_with_offset); p = *(char **)(p + next)) {
		if (unlikely(memory_is_watched(KEY(p), bytes)))
			block_dies(KEY(p), bytes);
	}
	REAL(g_slice_free_chain_with_offset)(bytes, chain, next);
}
