/* SPDX-License-Identifier: MIT */
/*
 * tsan_names.c - programs that already explain themselves to a race detector explain themselves to us.
 *
 * Rows      tsan_names.def: what a call means, before and after the place of its real function.
 * Real ones are called where the process has any: libraries bring empty definitions of the dynamic annotations along,
 *           and those must not take the meaning away. Where libtsan itself is in the process we only pass the call on.
 *           A definition in the executable wins over ours by itself. A name without a real function is asked for once:
 *           a failing look-up is dear, and nobody loads these late.
 * Ignoring  the dynamic annotations know reads and writes apart; one counter serves both, since whoever says one of
 *           them means accesses that must not be reported.
 */
#include <dlfcn.h>
#include <errno.h>

#include "../preload/resolve.h"
#include "sync_rows.h"

#define PLACE const volatile void *

/* What TSan's interface calls the flags of its mutex annotations (only those that mean something here). */
enum tsan_mutex_flags {
	TSAN_LINKER_INIT = 1 << 0, /* has no destructor: its destroy annotation means nothing */
	TSAN_READ_LOCK = 1 << 3,
	TSAN_TRY_LOCK_FAILED = 1 << 5,
	TSAN_RECURSIVE_LOCK = 1 << 6,   /* several levels at once */
	TSAN_RECURSIVE_UNLOCK = 1 << 7, /* all levels at once */
};

static inline void lock_forget(PLACE l)
{
	sync_forget(KEY(l));
	sync_forget(READERS(l));
}

static inline void lock_got(struct race_thread *t, PLACE l, int read_mode)
{
	sync_acquire(t, KEY(l));
	if (!read_mode)
		sync_acquire(t, READERS(l));
	lock_held(t, KEY(l), LOCK_OTHER, read_mode);
}

/* One level. The edge stands at the last one, or at each when we did not see the lock being taken. */
static inline int lock_given(struct race_thread *t, PLACE l, int read_mode)
{
	int level = lock_dropped(t, KEY(l));

	if (level != 0)
		sync_release_join(t, read_mode ? READERS(l) : KEY(l));
	return level;
}

static inline void mutex_destroy(PLACE m, unsigned flags)
{
	if (!(flags & TSAN_LINKER_INIT))
		lock_forget(m);
}

static inline void mutex_post_lock(struct race_thread *t, PLACE m, unsigned flags, int depth)
{
	if (flags & TSAN_TRY_LOCK_FAILED)
		return;
	if (!(flags & TSAN_RECURSIVE_LOCK) || depth < 1)
		depth = 1;
	while (depth--)
		lock_got(t, m, (flags & TSAN_READ_LOCK) != 0);
}

static inline int mutex_pre_unlock(struct race_thread *t, PLACE m, unsigned flags)
{
	int levels = 1, all = (flags & TSAN_RECURSIVE_UNLOCK) != 0;

	while (lock_given(t, m, (flags & TSAN_READ_LOCK) != 0) == 0 && all)
		levels++;
	return levels;
}

static inline void ignore(struct race_thread *t, int change)
{
	if (change > 0)
		t->ignore++;
	else if (t->ignore)
		t->ignore--;
}

static inline void new_memory(PLACE p, long bytes)
{
	if (bytes > 0)
		memory_forget(KEY(p), (size_t)bytes);
}

/* ---- real functions -------------------------------------------------------------------------------------- */

enum { UNKNOWN, ABSENT, PRESENT };
static uint32_t libtsan; /* one of the above; the answer is the same whoever finds it out */

static __attribute__((noinline, cold)) void libtsan_look(void)
{
	int saved = errno;
	void *init = dlsym(RTLD_DEFAULT, "__tsan_init");

	if (!init)
		dlerror(); /* a failed look-up of ours is not the program's to read */
	errno = saved;
	store_relaxed(&libtsan, init ? PRESENT : ABSENT);
}

static inline void *name_real(struct race_hook *h, uint32_t *asked, const void *caller)
{
	if (likely(load_relaxed(asked)))
		return hook_known(h);
	if (resolve_running())
		return NULL;
	if (load_relaxed(&libtsan) == UNKNOWN)
		libtsan_look();
	hook_ask(h, caller);
	store_relaxed(asked, 1);
	return hook_known(h);
}

#define TSAN_NAME(symbol, params, args, before, after)                                                               \
	RACE_EXPORT void symbol params;                                                                              \
	HOOK_SLOT(symbol)                                                                                            \
	void symbol params                                                                                           \
	{                                                                                                            \
		static uint32_t asked;                                                                               \
		__typeof__(&symbol) real = (__typeof__(&symbol))name_real(&hook_##symbol, &asked, CALLER);           \
		int ours = load_relaxed(&libtsan) != PRESENT;                                                        \
		if (ours)                                                                                            \
			SYNC_ENTER(before);                                                                          \
		if (unlikely(real != NULL))                                                                          \
			real args;                                                                                   \
		if (ours)                                                                                            \
			SYNC_ENTER(after);                                                                           \
	}

#include "tsan_names.def"

/* The one with a result: how many levels a recursive unlock gave up. */
RACE_EXPORT int __tsan_mutex_pre_unlock(void *m, unsigned flags);
HOOK_SLOT(__tsan_mutex_pre_unlock)
int __tsan_mutex_pre_unlock(void *m, unsigned flags)
{
	static uint32_t asked;
	__typeof__(&__tsan_mutex_pre_unlock) real = (__typeof__(&__tsan_mutex_pre_unlock))name_real(
		&hook___tsan_mutex_pre_unlock, &asked, CALLER);
	int levels = 0;

	if (load_relaxed(&libtsan) != PRESENT)
		SYNC_ENTER(levels = mutex_pre_unlock(t, m, flags));
	return real ? real(m, flags) : levels;
}
