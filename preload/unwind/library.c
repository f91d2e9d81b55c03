/* SPDX-License-Identifier: MIT */
/*
 * library.c - libunwind, opened privately.
 *
 * Owns      the handle and the functions looked up in it. It is never linked and never RTLD_GLOBAL: libunwind exports
 *           _Unwind_* and would take over the exceptions of the host.
 * Use       the library steps over the refused frame only; then the walker goes on. So it reads nothing that the walker has not
 *           read before it, except that one frame. It costs microseconds and about 5 KiB of stack.
 * Locks     libunwind has locks and a cache of its own, with signals blocked. A child forked while another thread was inside
 *           cannot trust them: there the library is not used any more.
 * Must not  be called without the guard: libunwind calls pthread functions that are hooked.
 */
#include "library.h"

#include <dlfcn.h>
#include <string.h>
#include <ucontext.h>

#define LIBRARY "libunwind.so.8"
#define STEPS_MAX 256

/* Threads inside the library now; written around its use, read in a forked child. */
static uint32_t inside;
static uint32_t off;

static void *open_private(void)
{
	/* Not our own dlopen hook: nothing of the host's changes by this. */
	void *(*real)(const char *, int) = (__typeof__(real))dlsym(RTLD_NEXT, "dlopen");

	return real ? real(LIBRARY, RTLD_NOW | RTLD_LOCAL) : NULL;
}

void library_forked(void)
{
	if (load_relaxed(&inside)) {
		store_relaxed(&off, 1);
		store_relaxed(&inside, 0);
	}
}

#if UNWIND_WALKER

/* The ABI of libunwind.so.8 on x86-64. */
#define CURSOR_WORDS 127
enum { LIB_RBP = 6, LIB_RSP = 7, LIB_RIP = 16 };

static struct {
	int (*getcontext)(ucontext_t *);
	int (*init_local)(void *cursor, ucontext_t *);
	int (*step)(void *cursor);
	int (*get_reg)(void *cursor, int reg, uintptr_t *value);
	void (*flush_cache)(void *space, uintptr_t lo, uintptr_t hi); /* may be missing */
	void **space;
	uint32_t ready; /* set last */
} lib;

void library_load(void)
{
	void *handle = load_relaxed(&lib.ready) ? NULL : open_private();

	if (!handle)
		return;
	lib.getcontext = (__typeof__(lib.getcontext))dlsym(handle, "_Ux86_64_getcontext");
	lib.init_local = (__typeof__(lib.init_local))dlsym(handle, "_ULx86_64_init_local");
	lib.step = (__typeof__(lib.step))dlsym(handle, "_ULx86_64_step");
	lib.get_reg = (__typeof__(lib.get_reg))dlsym(handle, "_ULx86_64_get_reg");
	lib.flush_cache = (__typeof__(lib.flush_cache))dlsym(handle, "_Ux86_64_flush_cache");
	lib.space = dlsym(handle, "_ULx86_64_local_addr_space");
	if (lib.getcontext && lib.init_local && lib.step && lib.get_reg)
		store_release(&lib.ready, 1); /* partner: load_acquire in library_walk */
}

/* libunwind remembers CFI by address, too. */
void library_modules_changed(void)
{
	if (load_acquire(&lib.ready) && lib.flush_cache && lib.space) /* partner: library_load */
		lib.flush_cache(*lib.space, 0, 0);
}

static int cursor_at(void *cursor, uintptr_t *ip, uintptr_t *sp)
{
	return lib.get_reg(cursor, LIB_RIP, ip) >= 0 && lib.get_reg(cursor, LIB_RSP, sp) >= 0;
}

/*
 * Moves the cursor to the frame where w stopped and over it, then lets the walker go on; again, if that stops once more.
 * After a signal frame the pc is that of the interrupted instruction, not a return address: one is added, here and in
 * what is kept, so that "the byte before it" is right everywhere.
 */
static int cursor_walk(void *cursor, struct walk *w)
{
	uintptr_t ip, sp;

	for (int steps = 0; steps < STEPS_MAX && cursor_at(cursor, &ip, &sp); steps++) {
		int there = sp == w->sp && (ip == w->ra || ip + 1 == w->ra);
		int signal_frame = there && rule_base(rule_of(w->ra, w->generation)) == CFI_SIGNAL;

		if (lib.step(cursor) <= 0)
			return there; /* the refused frame was the outermost one */
		if (!there)
			continue;
		if (!cursor_at(cursor, &ip, &sp) || !ip)
			return 1;
		if (lib.get_reg(cursor, LIB_RBP, &w->rbp) < 0)
			w->rbp = 0;
		w->ra = ip + (signal_frame ? 1 : 0);
		w->sp = sp;
		w->pcs[w->n++] = w->ra;
		if (w->n == STACK_FRAMES)
			return 1;
		switch (walk_on(w)) {
		case WALK_DONE:
			return 1;
		case WALK_REFUSED:
			break;
		default:
			return 0;
		}
	}
	return 0;
}

int library_walk(struct walk *w)
{
	uintptr_t cursor[CURSOR_WORDS + 1];
	ucontext_t context;
	int done = 0;

	if (!load_acquire(&lib.ready) || load_relaxed(&off)) /* partner: library_load */
		return 0;
	w->words = NULL;
	add_relaxed(&inside, 1);
	if (lib.getcontext(&context) == 0 && lib.init_local(cursor, &context) == 0)
		done = cursor_walk(cursor, w);
	sub_relaxed(&inside, 1);
	return done;
}

#else

static int (*backtrace_)(void **, int);

void library_load(void)
{
	void *handle = load_relaxed(&backtrace_) ? NULL : open_private();

	if (handle)
		store_relaxed(&backtrace_, (int (*)(void **, int))dlsym(handle, "unw_backtrace"));
}

void library_modules_changed(void)
{
}

/* Frames of our own come first; the hook's caller is told by its return address. */
#define OWN_FRAMES 16

unsigned library_frames(const uintptr_t *fp, uintptr_t *pcs, unsigned max)
{
	void *all[STACK_FRAMES + OWN_FRAMES];
	int (*backtrace)(void **, int) = load_relaxed(&backtrace_);
	unsigned kept = 0;
	int n, i = 0;

	if (!backtrace || load_relaxed(&off))
		return 0;
	add_relaxed(&inside, 1);
	n = backtrace(all, STACK_FRAMES + OWN_FRAMES);
	sub_relaxed(&inside, 1);
	while (i < n && (uintptr_t)all[i] != fp[1])
		i++;
	while (i < n && kept < max)
		pcs[kept++] = (uintptr_t)all[i++];
	return kept;
}

#endif
