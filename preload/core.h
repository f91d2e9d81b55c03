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

/* The guard again, after the real call: it was ours before, so it is free now. */
static inline void hook_reenter(struct race_thread *t)
{
	t->busy = 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* partner: a handler on this very thread */
}

/* ---- real functions ------------------------------------------------------------------------------------------------ */

/* Where the dynamic loader and we ourselves lie; empty until found. */
extern struct race_range {
	uintptr_t lo, hi;
} race_loader __attribute__((visibility("hidden"))), race_self __attribute__((visibility("hidden")));

/* Libraries that replace malloc. They may keep containers under locks of inlined atomics, which nobody sees. */
#define RACE_ALLOCATORS 2
extern struct race_range race_allocators[RACE_ALLOCATORS] __attribute__((visibility("hidden")));

static inline int range_holds(const struct race_range *r, uintptr_t at)
{
	return at - r->lo < r->hi - r->lo;
}

static inline int called_by_allocator(const void *return_address)
{
	return unlikely(race_allocators[0].hi) && (range_holds(&race_allocators[0], (uintptr_t)return_address) ||
						   range_holds(&race_allocators[1], (uintptr_t)return_address));
}

/* Where a hook's function may be patched beside being interposed (preload/patch/attach.c). */
enum hook_policy {
	PATCH_NEVER,
	PATCH_PROGRAM,   /* where the executable defines it */
	PATCH_LIBRARIES, /* there and in every library but libc */
	PATCH_ANYWHERE,  /* in libc, too: locks and threads, whose calls inside libc are then seen */
	PATCH_TOGETHER,  /* the same, all of them or none: what C11 threads are built from */
};

enum hook_state { HOOK_INTERPOSED, HOOK_PATCHED, HOOK_PENDING };

/* Annotations are defined in a file of their own, and so are the parts of libstdc++: no caller lies in the same file. */
static inline int hook_lies_apart(const char *name)
{
	return !__builtin_strncmp(name, "Annotate", 8) || !__builtin_strncmp(name, "_ZSt", 4) ||
	       !__builtin_strncmp(name, "_ZNSt", 5) || !__builtin_strncmp(name, "_ZNKSt", 6);
}

/* One per hooked function; the hook section holds them all. */
struct race_hook {
	const char *name;
	const char *version; /* symbol version to ask for first, or NULL */
	const char *library; /* start of the SONAME of the only library that has it (others use its name), or NULL: any */
	void *real;          /* whatever must be called for the original: the next function of that name, or a trampoline */
	void *self;          /* our exported wrapper, so that resolution can never find ourselves */
	void *entry;         /* the original itself, as stacks show it; set together with real */
	uint8_t policy;      /* enum hook_policy */
	uint8_t state;       /* enum hook_state; written before the program runs or under the loader's lock */
	uint8_t counting;    /* not 0: real stays NULL, so that each call passes hook_called. Bits: enum hook_counting */
	uint8_t copies;      /* another library has brought the same name: real stays NULL, each caller has its own original */
	uint8_t refused;     /* it could not be patched: enum patch_result, of the last try */
	uint8_t refusal;     /* and enum patch_refusal */
	uint8_t gone;        /* it was patched in a module that has gone */
	uint32_t module;     /* in which it is patched, + 1; patch.c */
	struct race_range code; /* of that module; empty while not patched */
	void *counted_real;  /* where real stays NULL: what it would be */
	uint64_t calls;
	void *thunk;         /* HOOK_THUNK: what is called instead of the original, which it calls (trace_calls.c) */
};
enum hook_counting { HOOK_COUNTED = 1 /* stats=2 */, HOOK_THUNK = 2 };
extern struct race_hook race_hooks_start[] __asm__("__start_race_hooks") __attribute__((weak, visibility("hidden")));
extern struct race_hook race_hooks_stop[] __asm__("__stop_race_hooks") __attribute__((weak, visibility("hidden")));

/* The pthread functions are patched inside libc: what calls them there leaves its work to them. */
extern uint32_t race_libc_patched __attribute__((visibility("hidden")));

/* Next object, then the caller's module and its dependencies (RTLD_LOCAL plugins); never NULL: absent functions get a stub
 * that returns 0. Keeps errno. */
void *hook_resolve(struct race_hook *h, const void *return_address);
/* The same for a call of the program while calls are counted. */
void *hook_called(struct race_hook *h, const void *return_address);

static inline void *hook_real(struct race_hook *h, const void *return_address)
{
	void *real = load_relaxed(&h->real);

	return likely(real != NULL) ? real : hook_called(h, return_address);
}

/* The real function when it is known already, else NULL. Not counted as a call. */
static inline void *hook_known(const struct race_hook *h)
{
	void *real = load_relaxed(&h->real);

	return real ? real : load_relaxed(&h->counted_real);
}

/* For adapters that call the original on their own account. */
static inline void *hook_ask(struct race_hook *h, const void *return_address)
{
	void *real = hook_known(h);

	return real ? real : hook_resolve(h, return_address);
}

static inline int hook_is_patched(const struct race_hook *h)
{
	return load_relaxed(&h->state) == HOOK_PATCHED;
}

/* This call comes from the function's own library: what the library does for itself, seen because it is patched. A call in tail
 * position of a hooked function returns to our wrapper of that; one in tail position of a callback returns to whoever called
 * back, the library or one of ours (RUNS_CALLBACKS), and is the program's. */
#define RUNS_CALLBACKS __attribute__((section("race_runs"), noinline))
int hook_is_own_call(const struct race_hook *h, const void *return_address);

static inline int hook_is_inside(const struct race_hook *h, const void *return_address)
{
	return unlikely(h->code.hi && (range_holds(&h->code, (uintptr_t)return_address) ||
				       range_holds(&race_self, (uintptr_t)return_address))) &&
	       hook_is_own_call(h, return_address);
}

/* Containers of an allocator itself are left alone: its locks are not seen. */
static inline struct race_thread *container_enter(const void *caller)
{
	return called_by_allocator(caller) ? NULL : thread_enter();
}

/* ---- process ------------------------------------------------------------------------------------------------------- */

extern int race_process;    /* pid at start or after fork: a vfork child differs */
extern int race_once_ready; /* tables exist */

void process_setup(void);            /* idempotent; tables only */
void process_started(void);          /* libc and all constructors are done, main comes next */
int exit_status_for(int status);     /* 66 or exitcode= when findings count and status is 0; prints "Found ..." once */

/* report side: engine_found() ends here */
uint32_t finding_report(struct race_thread *t, const struct race_finding *f);

#endif
