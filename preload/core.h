/* SPDX-License-Identifier: MIT */
/*
 * core.h - the preload's centre: set-up, the calling thread, the guard, real functions.
 *
 * Any hook may be the first code of librace that runs in the process (libraries' constructors run before ours when we are
 * not the first with -z initfirst), on any thread, in a forked child, or inside a signal handler that interrupted
 * another hook. thread_enter() copes with all of that: it returns NULL when the hook must be transparent.
 */
#ifndef RACE_PRELOAD_CORE_H
#define RACE_PRELOAD_CORE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"

/* ---- the guard --------------------------------------------------------------------------------------------------- */

extern __thread struct race_thread *race_me __attribute__((tls_model("initial-exec")));

struct race_thread *thread_meet(void); /* slow path: sets up the process and/or the thread; NULL: stay transparent */

/*
 * Enters librace's own code: NULL when it is running on this thread already, while the thread dies, or before tables
 * exist. Every non-NULL result is paired with thread_leave(). Never held over user code or the real function.
 */
static inline struct race_thread *thread_enter(void)
{
	struct race_thread *t = race_me;

	if (unlikely(!t)) {
		t = thread_meet();
		if (!t)
			return NULL;
	}
	if (unlikely(t->busy))
		return NULL;
	t->busy = 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* partner: a handler on this very thread */
	return t;
}

static inline void thread_leave(struct race_thread *t)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* partner: a handler on this very thread */
	t->busy = 0;
}

/* ---- real functions ------------------------------------------------------------------------------------------------ */

/* One per hooked function; the hook section holds them all. `real` is whatever must be called for the original. */
struct race_hook {
	const char *name;
	const char *version; /* symbol version to ask for first, or NULL */
	void *real;
	void *self;          /* our exported wrapper, so that resolution can never find ourselves */
};
extern struct race_hook race_hooks_start[] __asm__("__start_race_hooks") __attribute__((weak, visibility("hidden")));
extern struct race_hook race_hooks_stop[] __asm__("__stop_race_hooks") __attribute__((weak, visibility("hidden")));

/* Next object, then the caller's module and its dependencies (RTLD_LOCAL plugins); never NULL: absent functions get a stub
 * that returns 0. Keeps errno. */
void *hook_resolve(struct race_hook *h, const void *return_address);

static inline void *hook_real(struct race_hook *h, const void *return_address)
{
	void *real = load_relaxed(&h->real);

	return likely(real != NULL) ? real : hook_resolve(h, return_address);
}

/* ---- process ------------------------------------------------------------------------------------------------------- */

extern int race_process;    /* pid at start or after fork: a vfork child differs */
extern int race_once_ready; /* tables exist */

void process_setup(void);            /* idempotent; tables only */
void process_started(void);          /* libc and all constructors are done, main comes next */
int exit_status_for(int status);     /* 66 or exitcode= when findings count and status is 0; prints "Found ..." once */

/* report side: engine_found() ends here */
void finding_report(struct race_thread *t, const struct race_finding *f);

#endif
