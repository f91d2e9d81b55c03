/* SPDX-License-Identifier: MIT */
/*
 * hook.h - one row, one hook: the macros that turn a row of a .def file into slot, wrapper and export.
 *
 * An adapter is NAME.def (rows) and NAME.c, which defines HOOK_KIND (its struct race_kind), includes this file and then
 * the rows. What the macros cannot say is written by hand in NAME.c with HOOK_SLOT / REAL / ENTER ... below.
 *
 *   MAP_HOOK(returns, symbol, (parameters), (arguments), ROLE, ACCESS, map, key)
 *   MAP_HOOK_VOID(symbol, (parameters), (arguments), ROLE, ACCESS, map, key)
 *   MAP_HOOK_X / MAP_HOOK_VOID_X  the same plus: key kind (KEY_...), flags (OP_...)
 *
 * ROLE without ROLE_, ACCESS without ACCESS_, map and key are expressions over the parameters (0: none).
 * Exports are what `nm -D` may show: a row's symbol, or EXPORT by hand; the test preprocesses for RACE_EXPORT.
 */
#ifndef RACE_HOOKS_HOOK_H
#define RACE_HOOKS_HOOK_H

#include "../preload/core.h"
#include "../preload/engine/compound.h"
#include "../preload/engine/trace.h"

#define RACE_EXPORT __attribute__((visibility("default"), noinline))
#define FRAME ((const uintptr_t *)__builtin_frame_address(0))
#define CALLER __builtin_return_address(0)

/* Where this adapter's functions may be patched; an adapter defines it before the include when it wants another one. */
#ifndef HOOK_POLICY
#define HOOK_POLICY PATCH_LIBRARIES
#endif

/*
 * An adapter whose library shares names with others (jansson and json-c both have a json_object_get) defines before the
 * include HOOK_PREFIX, HOOK_VERSION and HOOK_LIBRARY. Its functions then carry the prefix and are exported under the plain
 * name with that version only, not as default: just callers that were linked to this library's function find them.
 */
#ifdef HOOK_PREFIX
#define HOOK_LINK_NAME(symbol) HOOK_PREFIX #symbol
#define HOOK_NAMED(symbol) __asm__(HOOK_PREFIX #symbol)
#define HOOK_EXPORT_VERSION(symbol) __asm__(".symver " HOOK_PREFIX #symbol ", " #symbol "@" HOOK_VERSION);
#else
#define HOOK_LINK_NAME(symbol) #symbol
#define HOOK_NAMED(symbol)
#define HOOK_EXPORT_VERSION(symbol)
#define HOOK_VERSION NULL
#define HOOK_LIBRARY NULL
#endif

#if __has_attribute(copy)
#define HOOK_COPY(symbol) copy(symbol),
#else
#define HOOK_COPY(symbol)
#endif

/* The slot of a hooked function; `symbol` must be declared before. An executable that defines the name, too, is what &symbol
 * would give: self is the wrapper by a name that nobody else has. */
#define HOOK_SLOT_VERSION(symbol, symbol_version)                                                                    \
	static __typeof__(symbol) own_##symbol __attribute__((HOOK_COPY(symbol) alias(HOOK_LINK_NAME(symbol))));     \
	static struct race_hook hook_##symbol __attribute__((section("race_hooks"), used, aligned(8))) = {           \
		.name = #symbol, .version = symbol_version, .self = (void *)&own_##symbol, .policy = HOOK_POLICY,    \
		.library = HOOK_LIBRARY                                                                              \
	};                                                                                                           \
	HOOK_EXPORT_VERSION(symbol)
#define HOOK_SLOT(symbol) HOOK_SLOT_VERSION(symbol, HOOK_VERSION)
#define REAL(symbol) ((__typeof__(&symbol))hook_real(&hook_##symbol, CALLER))

/* In a row: the library itself is calling. */
#define INSIDE(symbol) hook_is_inside(&hook_##symbol, CALLER)

/* The op of a hooked function. */
#define HOOK_OP(symbol, map_kind, role, access, key_kind, flags)                                                     \
	static const struct race_op op_##symbol __attribute__((section("race_ops"), used, aligned(8))) = {           \
		#symbol, map_kind, (void *const *)&hook_##symbol.entry, ROLE_##role, ACCESS_##access, key_kind, flags \
	};

/* Around the real call: NULL t means transparent. */
static inline void hook_op_enter(struct race_thread *t, const struct race_op *op, uintptr_t map, uintptr_t key,
				 uint32_t bucket, const uintptr_t *fp, struct race_op_open *open)
{
	struct race_touch touch = { op, map, key, bucket, fp };

	op_enter(t, &touch, open);
	thread_leave(t);
}

static inline void hook_op_exit(struct race_thread *t, struct race_op_open *open)
{
	if (!open->cell)
		return;
	hook_reenter(t);
	op_exit(t, open);
	thread_leave(t);
}

/* After a look-up, while compound operations are tracked: what it found, and the value where that is known. */
static __attribute__((unused, noinline, cold)) void hook_looked(struct race_thread *t, const struct race_op *op, uintptr_t map,
								 uintptr_t key, const uintptr_t *fp, int found, uintptr_t value)
{
	struct race_touch touch = { op, map, key, RACE_NO_BUCKET, fp };

	if (!map || !(load_relaxed(&race_multi) & RACE_MULTI_THREADS))
		return;
	hook_reenter(t);
	compound_looked(t, &touch, found, value);
	thread_leave(t);
}

/* A result that is a pointer is the value. */
#define HOOK_VALUE(result) (__builtin_classify_type(result) == 5 ? (uintptr_t)(result) : 0)
#define HOOK_LOOKED(op, role, map, key, key_kind, result)                                                            \
	if (ROLE_##role == ROLE_LOOKUP && (key_kind) != KEY_NONE && unlikely(load_relaxed(&race_compound)))          \
	hook_looked(t, op, (uintptr_t)(map), (uintptr_t)(key), FRAME, (result) != 0, HOOK_VALUE(result))

#define MAP_HOOK_X(returns, symbol, params, args, role, access, map, key, key_kind, flags)                           \
	RACE_EXPORT returns symbol params HOOK_NAMED(symbol);                                                        \
	HOOK_SLOT(symbol)                                                                                            \
	HOOK_OP(symbol, &HOOK_KIND, role, access, key_kind, flags)                                                   \
	returns symbol params                                                                                        \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = thread_enter();                                                              \
		struct race_op_open open;                                                                            \
		if (unlikely(!t))                                                                                    \
			return real args;                                                                            \
		hook_op_enter(t, &op_##symbol, (uintptr_t)(map), (uintptr_t)(key), RACE_NO_BUCKET, FRAME, &open);    \
		returns result = real args;                                                                          \
		hook_op_exit(t, &open);                                                                              \
		HOOK_LOOKED(&op_##symbol, role, map, key, key_kind, result);                                         \
		return result;                                                                                       \
	}

#define MAP_HOOK_VOID_X(symbol, params, args, role, access, map, key, key_kind, flags)                               \
	RACE_EXPORT void symbol params HOOK_NAMED(symbol);                                                           \
	HOOK_SLOT(symbol)                                                                                            \
	HOOK_OP(symbol, &HOOK_KIND, role, access, key_kind, flags)                                                   \
	void symbol params                                                                                           \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = thread_enter();                                                              \
		struct race_op_open open;                                                                            \
		if (unlikely(!t)) {                                                                                  \
			real args;                                                                                   \
			return;                                                                                      \
		}                                                                                                    \
		hook_op_enter(t, &op_##symbol, (uintptr_t)(map), (uintptr_t)(key), RACE_NO_BUCKET, FRAME, &open);    \
		real args;                                                                                           \
		hook_op_exit(t, &open);                                                                              \
	}

#define MAP_HOOK(returns, symbol, params, args, role, access, map, key)                                              \
	MAP_HOOK_X(returns, symbol, params, args, role, access, map, key, KEY_BY_MAP, 0)
#define MAP_HOOK_VOID(symbol, params, args, role, access, map, key)                                                  \
	MAP_HOOK_VOID_X(symbol, params, args, role, access, map, key, KEY_BY_MAP, 0)

/* A synchronisation row whose edges are a release before and/or an acquire after. */
#define SYNC_ENTER(call)                                                                                             \
	do {                                                                                                         \
		struct race_thread *t_ = thread_enter();                                                             \
		if (t_) {                                                                                            \
			struct race_thread *t = t_;                                                                  \
			(void)t; /* not every edge names it */                                                       \
			call;                                                                                        \
			thread_leave(t_);                                                                            \
		}                                                                                                    \
	} while (0)

#endif
