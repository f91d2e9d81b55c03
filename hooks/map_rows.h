/* SPDX-License-Identifier: MIT */
/*
 * map_rows.h - rows of map functions that hook.h's four macros cannot say: with something to do afterwards, births, and
 * counted references.
 *
 *   MAP_HOOK_THEN(returns, symbol, (parameters), (arguments), ROLE, ACCESS, map, key, key kind, flags, prepare, when,
 *   then) MAP_HOOK_VOID_THEN(symbol, ... the same)
 *   MAP_CREATE(symbol, (parameters), (arguments), key kind of the new map, learn)
 *             a creation writes the map: handing it to another thread needs an order like any other write
 *   MAP_HOOK_READS(returns, symbol, (parameters), (arguments), ROLE, ACCESS, map, other map, flags)
 *
 * prepare   declarations and statements before everything, outside the guard: may call the library
 * then      statement inside the guard, after the operation has ended, if `when` (over `result`) holds; `t` is the
 *           thread
 * learn     statement outside the guard, over the new map `result`
 */
#ifndef RACE_HOOKS_MAP_ROWS_H
#define RACE_HOOKS_MAP_ROWS_H

#include "sync_rows.h"

#define NO_PREPARE

/* For `when` and `then` of a look-up that leaves the value elsewhere than in its result. */
#define HOOK_TRACKS unlikely(load_relaxed(&race_compound))
#define HOOK_FOUND(symbol, map, key, value)                                                                          \
	do {                                                                                                         \
		struct race_touch looked = { &op_##symbol, KEY(map), KEY(key), RACE_NO_BUCKET, FRAME };              \
		if (HOOK_TRACKS && (load_relaxed(&race_multi) & RACE_MULTI_THREADS))                        \
			compound_looked(t, &looked, result != 0, value);                                             \
	} while (0)

#define MAP_HOOK_THEN(returns, symbol, params, args, role, access, map, key, keys, flags, prepare, when, then)       \
	RACE_EXPORT returns symbol params HOOK_NAMED(symbol);                                                        \
	HOOK_SLOT(symbol)                                                                                            \
	HOOK_OP(symbol, &HOOK_KIND, role, access, keys, flags)                                                       \
	returns symbol params                                                                                        \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_op_open open;                                                                            \
		struct race_thread *t;                                                                               \
		returns result;                                                                                      \
		prepare;                                                                                             \
		t = thread_enter();                                                                                  \
		if (unlikely(!t))                                                                                    \
			return real args;                                                                            \
		hook_op_enter(t, &op_##symbol, KEY(map), KEY(key), RACE_NO_BUCKET, FRAME, &open);                    \
		result = real args;                                                                                  \
		hook_op_exit(t, &open);                                                                              \
		if (when) {                                                                                          \
			hook_reenter(t);                                                                             \
			then;                                                                                        \
			thread_leave(t);                                                                             \
		}                                                                                                    \
		return result;                                                                                       \
	}

#define MAP_HOOK_VOID_THEN(symbol, params, args, role, access, map, key, keys, flags, prepare, when, then)           \
	RACE_EXPORT void symbol params HOOK_NAMED(symbol);                                                           \
	HOOK_SLOT(symbol)                                                                                            \
	HOOK_OP(symbol, &HOOK_KIND, role, access, keys, flags)                                                       \
	void symbol params                                                                                           \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_op_open open;                                                                            \
		struct race_thread *t;                                                                               \
		prepare;                                                                                             \
		t = thread_enter();                                                                                  \
		if (unlikely(!t)) {                                                                                  \
			real args;                                                                                   \
			return;                                                                                      \
		}                                                                                                    \
		hook_op_enter(t, &op_##symbol, KEY(map), KEY(key), RACE_NO_BUCKET, FRAME, &open);                    \
		real args;                                                                                           \
		hook_op_exit(t, &open);                                                                              \
		if (when) {                                                                                          \
			hook_reenter(t);                                                                             \
			then;                                                                                        \
			thread_leave(t);                                                                             \
		}                                                                                                    \
	}

/* A function that reads a second map as well: all of it, from begin to end. */
#define MAP_HOOK_READS(returns, symbol, params, args, role, access, map, other, flags)                               \
	RACE_EXPORT returns symbol params HOOK_NAMED(symbol);                                                        \
	HOOK_EXTRA_OP(symbol, reading, &HOOK_KIND, ITERATE, READ, OP_INTERVAL)                                       \
	HOOK_SLOT(symbol)                                                                                            \
	HOOK_OP(symbol, &HOOK_KIND, role, access, KEY_NONE, flags)                                                   \
	returns symbol params                                                                                        \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_touch reads = { &op_reading_##symbol, KEY(other), 0, RACE_NO_BUCKET, FRAME };            \
		struct race_op_open open, reading;                                                                   \
		struct race_thread *t = thread_enter();                                                              \
		returns result;                                                                                      \
		if (unlikely(!t))                                                                                    \
			return real args;                                                                            \
		op_enter(t, &reads, &reading);                                                                       \
		hook_op_enter(t, &op_##symbol, KEY(map), 0, RACE_NO_BUCKET, FRAME, &open);                           \
		result = real args;                                                                                  \
		hook_op_exit(t, &open);                                                                              \
		hook_op_exit(t, &reading);                                                                           \
		return result;                                                                                       \
	}

#define MAP_CREATE(symbol, params, args, kind_of_keys, learn)                                                        \
	RACE_EXPORT void *symbol params HOOK_NAMED(symbol);                                                          \
	HOOK_SLOT(symbol)                                                                                            \
	HOOK_OP(symbol, &HOOK_KIND, CREATE, WRITE, KEY_NONE, 0)                                                      \
	void *symbol params                                                                                          \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		void *result = real args;                                                                            \
		enum race_key_kind keys = kind_of_keys;                                                              \
		struct race_thread *t;                                                                               \
		if (unlikely(!result))                                                                               \
			return NULL;                                                                                 \
		learn;                                                                                               \
		t = thread_enter();                                                                                  \
		if (likely(t != NULL)) {                                                                             \
			map_create(t, &op_##symbol, KEY(result), keys, FRAME);                                       \
			thread_leave(t);                                                                             \
		}                                                                                                    \
		return result;                                                                                       \
	}

/* A second op of a function whose meaning depends on the call. The function's slot may follow. */
#define HOOK_EXTRA_OP(symbol, tag, map_kind, role, access, flags)                                                    \
	static struct race_hook hook_##symbol;                                                                       \
	static const struct race_op op_##tag##_##symbol __attribute__((section("race_ops"), used, aligned(8))) = {   \
		#symbol, map_kind, (void *const *)&hook_##symbol.entry, ROLE_##role, ACCESS_##access, KEY_BY_MAP, flags \
	};

/* ---- references ------------------------------------------------------------------------------------------------ */

/*
 * Dropping one reference. Everything its owner did with the map comes before the destruction by whoever drops the last
 * one (the library counts with an atomic read-modify-write): so each drop releases into the map's own sync object, and
 * the last acquires it before it counts as a write.
 */
struct reference_drop {
	struct race_thread *t;
	struct race_op_open open;
	int last;
};

/*
 * count: what the library's own counter said a moment ago, -1 when its place is not known. It decides, because
 * references taken inside the library are hidden from us. Two drops at once may both read 2: then the destruction goes
 * unseen until the address is created again, which is a miss and not a false report.
 */
static inline void reference_drop_begin(struct reference_drop *d, uintptr_t map, int count,
					const struct race_op *destroy, const struct race_op *clear,
					const uintptr_t *fp)
{
	struct race_touch touch = { destroy, map, 0, RACE_NO_BUCKET, fp };

	d->open.cell = NULL;
	d->last = 0;
	d->t = map ? thread_enter() : NULL;
	if (!d->t)
		return;
	if (count != 1 && !clear)
		sync_release_join(d->t, map);
	/* map_unref forgets a map whose references nobody has counted from its birth: not asked when the library says it. */
	d->last = count > 0 ? count == 1 : map_unref(d->t, map) == 1;
	if (d->last && !clear)
		sync_acquire(d->t, map);
	touch.op = d->last ? destroy : clear;
	if (touch.op)
		op_enter(d->t, &touch, &d->open);
	/* What empties the map before it drops the reference comes after nobody, and before whoever drops the last one. */
	if (count != 1 && clear)
		sync_release_join(d->t, map);
	if (d->last && clear)
		sync_acquire(d->t, map);
	if (d->last)
		sync_forget(map);
	thread_leave(d->t);
}

static inline void reference_drop_end(struct reference_drop *d, uintptr_t map, const struct race_op *destroy,
				      const uintptr_t *fp)
{
	if (!d->t)
		return;
	hook_op_exit(d->t, &d->open);
	if (!d->last)
		return;
	hook_reenter(d->t);
	map_destroy(d->t, destroy, map, fp);
	thread_leave(d->t);
}

/* A function that drops a reference; `clear`: its op when others remain (g_hash_table_destroy empties the table), or
 * NULL. The op the row itself makes is the destruction. */
#define MAP_UNREF(symbol, count, clear)                                                                              \
	RACE_EXPORT void symbol(void *map) HOOK_NAMED(symbol);                                                       \
	HOOK_SLOT(symbol)                                                                                            \
	HOOK_OP(symbol, &HOOK_KIND, DESTROY, WRITE, KEY_NONE, OP_INTERVAL)                                           \
	void symbol(void *map)                                                                                       \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct reference_drop drop;                                                                          \
		reference_drop_begin(&drop, KEY(map), map ? count : -1, &op_##symbol, clear, FRAME);                 \
		real(map);                                                                                           \
		reference_drop_end(&drop, KEY(map), &op_##symbol, FRAME);                                            \
	}

#define MAP_REF(symbol)                                                                                              \
	RACE_EXPORT void *symbol(void *map) HOOK_NAMED(symbol);                                                      \
	HOOK_SLOT(symbol)                                                                                            \
	void *symbol(void *map)                                                                                      \
	{                                                                                                            \
		void *result = REAL(symbol)(map);                                                                    \
		if (map)                                                                                             \
			SYNC_ENTER(map_ref(t, KEY(map)));                                                            \
		return result;                                                                                       \
	}

#endif
