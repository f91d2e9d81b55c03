/* SPDX-License-Identifier: MIT */
/*
 * sync_rows.h - rows of synchronisation functions.
 *
 *   SYNC_HOOK(returns, symbol, (parameters), (arguments), before, when, after)
 *
 * `before` and `after` are statements over the parameters and `t`, the calling thread; `after` runs when the expression
 * `when` over `result` holds. The order is the rule of the house: a release stands before the real call, an acquire after
 * it. The real call itself runs without the guard. SYNC_HOOK_VERSION names the symbol version to wrap.
 */
#ifndef RACE_HOOKS_SYNC_ROWS_H
#define RACE_HOOKS_SYNC_ROWS_H

#include "hook.h"

/* Who is calling, or NULL: nothing to do. An adapter whose functions are built from hooked ones, or are used by their own
 * library, may say NULL for such calls. */
#ifndef SYNC_THREAD
#define SYNC_THREAD(symbol) thread_enter()
#endif

#define NOTHING ((void)0)
#define NEVER 0
#define ALWAYS 1
#define ON_ZERO (result == 0)

#define SYNC_HOOK_VERSION(returns, symbol, version, params, args, before, when, after)                               \
	RACE_EXPORT returns symbol params HOOK_NAMED(symbol);                                                        \
	HOOK_SLOT_VERSION(symbol, version)                                                                           \
	returns symbol params                                                                                        \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = SYNC_THREAD(symbol);                                                         \
		returns result;                                                                                      \
		if (unlikely(!t))                                                                                    \
			return real args;                                                                            \
		before;                                                                                              \
		thread_leave(t);                                                                                     \
		result = real args;                                                                                  \
		if (when) {                                                                                          \
			hook_reenter(t);                                                                             \
			after;                                                                                       \
			thread_leave(t);                                                                             \
		}                                                                                                    \
		return result;                                                                                       \
	}
#define SYNC_HOOK(returns, symbol, params, args, before, when, after)                                                \
	SYNC_HOOK_VERSION(returns, symbol, NULL, params, args, before, when, after)

/* The same for functions without a result. */
#define SYNC_HOOK_VOID(symbol, params, args, before, after)                                                          \
	RACE_EXPORT void symbol params HOOK_NAMED(symbol);                                                           \
	HOOK_SLOT(symbol)                                                                                            \
	void symbol params                                                                                           \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t = SYNC_THREAD(symbol);                                                         \
		if (unlikely(!t)) {                                                                                  \
			real args;                                                                                   \
			return;                                                                                      \
		}                                                                                                    \
		before;                                                                                              \
		thread_leave(t);                                                                                     \
		real args;                                                                                           \
		hook_reenter(t);                                                                                     \
		after;                                                                                               \
		thread_leave(t);                                                                                     \
	}

#define KEY(p) ((uintptr_t)(p))

/* A reader-writer lock is two sync objects: what writers released, and (one byte further) what readers released. A reader
 * is ordered after writers only, so that two readers never order each other. */
#define READERS(p) (KEY(p) + 1)

static inline void rwlock_got_read(struct race_thread *t, const void *l)
{
	sync_acquire(t, KEY(l));
	lock_held(t, KEY(l), LOCK_RWLOCK, 1);
}

static inline void rwlock_got_write(struct race_thread *t, const void *l)
{
	sync_acquire(t, READERS(l));
	sync_acquire_alone(t, KEY(l));
	lock_held(t, KEY(l), LOCK_RWLOCK, 0);
}

/* -1 when not held by this thread, else 1 for read mode. */
static inline int lock_mode(const struct race_thread *t, const void *l)
{
	for (uint32_t i = t->nheld; i-- > 0;) {
		if (lock_word_address(t->held[i]) == KEY(l))
			return (t->held[i] & LOCK_READ_MODE) != 0;
	}
	return -1;
}

static inline void rwlock_give(struct race_thread *t, const void *l)
{
	int mode = lock_mode(t, l);

	lock_dropped(t, KEY(l));
	if (mode == 0) {
		sync_release(t, KEY(l));
	} else if (mode == 1) {
		sync_release_join(t, READERS(l));
	} else { /* taken where we could not see it: as a writer's, which orders too much rather than too little */
		sync_release_join(t, KEY(l));
	}
}

#endif
