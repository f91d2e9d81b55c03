/* SPDX-License-Identifier: MIT */
/*
 * glib_main.c - main contexts, loops, and everything that makes one thread's code run on another's loop.
 *
 * Objects   a source: what was done before it was attached or changed. A context: what was posted to it by calls that
 *           make their source inside libglib, and what ran on it. A loop: its quit. The default context goes by its own
 *           address.
 * Runs      glib_source.c wraps what sources run; it acquires both. Here are the releases of those who post, and the
 *           calls that take a context over, run a callback at once, or drop a callback's data on the calling thread.
 * Blind     when a source's functions could not be wrapped, each release is also published (sync_publish_once).
 */
#include "borrow.h"
#include "glib_source.h"

BORROW(void *, g_main_context_default, (void))
BORROW(void *, g_main_context_get_thread_default, (void))
BORROW(int, g_main_context_is_owner, (void *))
BORROW(int, g_main_context_acquire, (void *))
BORROW(void, g_main_context_release, (void *))

/* ---- libglib's own sources ------------------------------------------------------------------------------------- */

static uint32_t met;
static uintptr_t default_context;

static __attribute__((noinline, cold)) void meet_libglib(const void *caller)
{
	static struct race_hook tables[] = {
		{ .name = "g_idle_funcs" },        { .name = "g_timeout_funcs" },
		{ .name = "g_child_watch_funcs" }, { .name = "g_io_watch_funcs" },
		{ .name = "g_unix_signal_funcs" }, { .name = "g_unix_fd_source_funcs" },
	};

	for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct glib_source_funcs *funcs = borrowed_address(&tables[i], caller);

		if (!funcs) {
			store_relaxed(&source_blind, 1);
			continue;
		}
		source_adopt(funcs);
		/* The program's copy, if it has one, is what libglib uses. */
		source_adopt(borrowed_global(&tables[i], caller));
	}
	store_relaxed(&default_context, KEY(BORROWED(g_main_context_default, caller)()));
	store_release(&met, 1); /* partner: the load in meet */
}

static inline void meet(const void *caller)
{
	if (unlikely(!load_acquire(&met))) /* partner: the store above */
		meet_libglib(caller);
}

/* The object of a context argument, where NULL is the default one. Outside the guard: may create that. */
static inline uintptr_t context_object(const void *context, const void *caller)
{
	meet(caller);
	return context ? KEY(context) : load_relaxed(&default_context);
}

/* ---- edges ----------------------------------------------------------------------------------------------------- */

static inline void post(struct race_thread *t, uintptr_t object)
{
	if (unlikely(!object))
		return; /* a null argument: GLib complains about it */
	sync_release_join(t, object);
	if (unlikely(load_relaxed(&source_blind)))
		sync_publish_once(t, object);
}

static inline void take(struct race_thread *t, uintptr_t object)
{
	if (likely(object))
		sync_acquire(t, object);
}

/* Removing a source may drop its callback's data here, after its last run there; or the other way round. */
static inline void removing(struct race_thread *t, uintptr_t context)
{
	take(t, context);
	post(t, context);
}

static inline void changing(struct race_thread *t, const struct glib_source *source)
{
	if (!source)
		return;
	take(t, KEY(load_relaxed(&source->context)));
	take(t, KEY(source));
	post(t, KEY(source));
}

static inline void adopt_of(struct glib_source *source, const void *caller)
{
	meet(caller);
	if (source && source->funcs)
		source_adopt(source->funcs);
}

/* A row: SYNC_HOOK with a statement outside the guard first. */
#define MAIN_HOOK(returns, symbol, params, args, prepare, before, when, after)                                       \
	RACE_EXPORT returns symbol params;                                                                           \
	HOOK_SLOT(symbol)                                                                                            \
	returns symbol params                                                                                        \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t;                                                                               \
		returns result;                                                                                      \
		prepare;                                                                                             \
		t = thread_enter();                                                                                  \
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

#define MAIN_HOOK_VOID(symbol, params, args, prepare, before, after)                                                 \
	RACE_EXPORT void symbol params;                                                                              \
	HOOK_SLOT(symbol)                                                                                            \
	void symbol params                                                                                           \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		struct race_thread *t;                                                                               \
		prepare;                                                                                             \
		t = thread_enter();                                                                                  \
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

#include "glib_main.def"

/* ---- g_main_context_invoke ----------------------------------------------------------------------------------------
 * GLib runs the function at once when the caller owns the context, or when it is the caller's default one and can be
 * taken; else it attaches an idle source. To know which before the function runs, the taking is done here: GLib then
 * finds the caller to be the owner and does what it would have done.
 */
static void invoke(void (*real)(void *, int, glib_source_func, void *, glib_fn), void *context, int priority,
		   glib_source_func f, void *data, glib_fn free_data, const void *caller)
{
	uintptr_t object = context_object(context, caller);
	void *c = context ? context : BORROWED(g_main_context_default, caller)();
	void *own;

	if (BORROWED(g_main_context_is_owner, caller)(c)) {
		real(context, priority, f, data, free_data);
		return;
	}
	own = BORROWED(g_main_context_get_thread_default, caller)();
	if ((own ? KEY(own) : load_relaxed(&default_context)) == object &&
	    BORROWED(g_main_context_acquire, caller)(c)) {
		SYNC_ENTER(take(t, object));
		real(context, priority, f, data, free_data);
		SYNC_ENTER(post(t, object));
		BORROWED(g_main_context_release, caller)(c);
		return;
	}
	SYNC_ENTER(post(t, object));
	real(context, priority, f, data, free_data);
}

RACE_EXPORT void g_main_context_invoke_full(void *context, int priority, glib_source_func f, void *data,
					    glib_fn free_data);
HOOK_SLOT(g_main_context_invoke_full)
void g_main_context_invoke_full(void *context, int priority, glib_source_func f, void *data, glib_fn free_data)
{
	invoke(REAL(g_main_context_invoke_full), context, priority, f, data, free_data, CALLER);
}

/* In libglib it is the same with G_PRIORITY_DEFAULT and no notify. */
RACE_EXPORT void g_main_context_invoke(void *context, glib_source_func f, void *data);
HOOK_SLOT(g_main_context_invoke)
void g_main_context_invoke(void *context, glib_source_func f, void *data)
{
	__typeof__(&g_main_context_invoke_full) full =
		(__typeof__(&g_main_context_invoke_full))hook_real(&hook_g_main_context_invoke_full, CALLER);

	invoke(full, context, 0, f, data, NULL, CALLER);
}
