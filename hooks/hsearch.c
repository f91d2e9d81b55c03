/* SPDX-License-Identifier: MIT */
/*
 * hsearch.c - the hash tables of <search.h>.
 *
 * Identity   hsearch_r's table argument; for hsearch itself, whose only table is private to libc, the address of
 *            hsearch.
 * Accesses   FIND reads. ENTER writes a slot and the fill count when the key is new; a present key is left alone, but
 *            whether it is present is what nobody can know without the lock: ENTER counts as a write.
 * Lifetime   creation fails while the table exists, so it reads first; it is told from its result what it was.
 */
#include <search.h>

#include "../preload/engine/layout.h"
#include "map_rows.h"

static const struct race_kind table_kind = {
	.name = "hsearch table",
	.contract = CONTRACT_UNSAFE,
};
ORIGIN(table_kind, "libc.so.6")

#define TABLE_OP(symbol, tag, role, access, flags)                                                                          \
	static const struct race_op op_##symbol##_##tag __attribute__((section("race_ops"), used, aligned(8))) = {   \
		#symbol, &table_kind, (void *const *)&hook_##symbol.entry, ROLE_##role, ACCESS_##access, KEY_STRING, flags \
	};

/* ---- look-up and insertion --------------------------------------------------------------------------------------- */

#define SEARCH_HOOK(returns, symbol, params, args, map, entry)                                                              \
	RACE_EXPORT returns symbol params;                                                                           \
	HOOK_SLOT(symbol)                                                                                            \
	TABLE_OP(symbol, enter, INSERT, WRITE, OP_IF_ABSENT)                                                                       \
	TABLE_OP(symbol, find, LOOKUP, READ, 0)                                                                         \
	returns symbol params                                                                                        \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = thread_enter();                                                              \
		struct race_op_open open;                                                                            \
		returns result;                                                                                      \
		if (unlikely(!t))                                                                                    \
			return real args;                                                                            \
		hook_op_enter(t, action == ENTER ? &op_##symbol##_enter : &op_##symbol##_find, KEY(map), KEY(e.key),  \
			      RACE_NO_BUCKET, FRAME, &open);                                                         \
		result = real args;                                                                                  \
		hook_op_exit(t, &open);                                                                              \
		if (unlikely(load_relaxed(&race_compound)))                                                          \
			hook_looked(t, action == ENTER ? &op_##symbol##_enter : &op_##symbol##_find, KEY(map), KEY(e.key), \
				    FRAME, result != 0, result ? KEY((entry)->data) : 0);                            \
		return result;                                                                                       \
	}

SEARCH_HOOK(ENTRY *, hsearch, (ENTRY e, ACTION action), (e, action), real, result)
SEARCH_HOOK(int, hsearch_r, (ENTRY e, ACTION action, ENTRY **found, struct hsearch_data *table),
	    (e, action, found, table), table, *found)

/* ---- creation and end ------------------------------------------------------------------------------------------ */

/* Afterwards, because only the result tells whether it created a table (a write to a new map) or met one (a read). */
static void created(const struct race_op *create, const struct race_op *met, int result, uintptr_t map,
		    const uintptr_t *fp)
{
	struct race_thread *t = thread_enter();
	struct race_op_open open;

	if (!t)
		return;
	if (result) {
		map_create(t, create, map, KEY_STRING, fp);
		thread_leave(t);
		return;
	}
	hook_op_enter(t, met, map, 0, RACE_NO_BUCKET, fp, &open);
	hook_op_exit(t, &open);
}

#define CREATE_HOOK(symbol, params, args, map)                                                                       \
	RACE_EXPORT int symbol params;                                                                               \
	HOOK_SLOT(symbol)                                                                                            \
	TABLE_OP(symbol, create, CREATE, WRITE, 0)                                                                      \
	TABLE_OP(symbol, met, LOOKUP, READ, 0)                                                                          \
	int symbol params                                                                                            \
	{                                                                                                            \
		int result = REAL(symbol) args;                                                                      \
		created(&op_##symbol##_create, &op_##symbol##_met, result, KEY(map), FRAME);                         \
		return result;                                                                                       \
	}

#define DESTROY_HOOK(symbol, params, args, map)                                                                      \
	RACE_EXPORT void symbol params;                                                                              \
	HOOK_SLOT(symbol)                                                                                            \
	TABLE_OP(symbol, destroy, DESTROY, WRITE, 0)                                                                    \
	void symbol params                                                                                           \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = thread_enter();                                                              \
		struct race_op_open open;                                                                            \
		uintptr_t at;                                                                                        \
		if (unlikely(!t)) {                                                                                  \
			real args;                                                                                   \
			return;                                                                                      \
		}                                                                                                    \
		at = KEY(map);                                                                                       \
		hook_op_enter(t, &op_##symbol##_destroy, at, 0, RACE_NO_BUCKET, FRAME, &open);                       \
		real args;                                                                                           \
		hook_op_exit(t, &open);                                                                              \
		hook_reenter(t);                                                                                     \
		map_destroy(t, &op_##symbol##_destroy, at, FRAME);                                                   \
		thread_leave(t);                                                                                     \
	}

CREATE_HOOK(hcreate, (size_t n), (n), REAL(hsearch))
CREATE_HOOK(hcreate_r, (size_t n, struct hsearch_data *table), (n, table), table)
DESTROY_HOOK(hdestroy, (void), (), REAL(hsearch))
DESTROY_HOOK(hdestroy_r, (struct hsearch_data *table), (table), table)
