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

#define RACE_EXPORT __attribute__((visibility("default"), noinline))
#define FRAME ((const uintptr_t *)__builtin_frame_address(0))
#define CALLER __builtin_return_address(0)

/* The slot of a hooked function; `symbol` must be declared before. */
#define HOOK_SLOT_VERSION(symbol, symbol_version)                                                                    \
	static struct race_hook hook_##symbol __attribute__((section("race_hooks"), used, aligned(8))) = {           \
		#symbol, symbol_version, NULL, (void *)&symbol                                                       \
	};
#define HOOK_SLOT(symbol) HOOK_SLOT_VERSION(symbol, NULL)
#define REAL(symbol) ((__typeof__(&symbol))hook_real(&hook_##symbol, CALLER))

/* The op of a hooked function. */
#define HOOK_OP(symbol, map_kind, role, access, key_kind, flags)                                                     \
	static const struct race_op op_##symbol __attribute__((section("race_ops"), used, aligned(8))) = {           \
		#symbol, map_kind, (void *const *)&hook_##symbol.real, ROLE_##role, ACCESS_##access, key_kind, flags \
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
	t->busy = 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* partner: a handler on this very thread */
	op_exit(t, open);
	thread_leave(t);
}

#define MAP_HOOK_X(returns, symbol, params, args, role, access, map, key, key_kind, flags)                           \
	RACE_EXPORT returns symbol params;                                                                           \
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
		return result;                                                                                       \
	}

#define MAP_HOOK_VOID_X(symbol, params, args, role, access, map, key, key_kind, flags)                               \
	RACE_EXPORT void symbol params;                                                                              \
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
