/* SPDX-License-Identifier: MIT */
/*
 * touch.c - see touch.h. Built without the header files of libunwind: they may be missing, and linking it would change how
 * exceptions work.
 */
#include "touch.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

__thread struct touch_state touch_state;
const struct race_op touch_ops[2] = { { .name = "touch" }, { .name = "touch_other" } };

static struct {
	int (*getcontext)(ucontext_t *);
	int (*init_local)(void *, ucontext_t *);
	int (*step)(void *);
	int (*get_reg)(void *, int, uintptr_t *);
	void (*flush_cache)(void *, uintptr_t, uintptr_t);
	void **space;
} lib;

int oracle_load(void)
{
	void *h = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);

	if (!h)
		return 0;
	*(void **)&lib.getcontext = dlsym(h, "_Ux86_64_getcontext");
	*(void **)&lib.init_local = dlsym(h, "_ULx86_64_init_local");
	*(void **)&lib.step = dlsym(h, "_ULx86_64_step");
	*(void **)&lib.get_reg = dlsym(h, "_ULx86_64_get_reg");
	*(void **)&lib.flush_cache = dlsym(h, "_Ux86_64_flush_cache");
	lib.space = dlsym(h, "_ULx86_64_local_addr_space");
	return lib.getcontext && lib.init_local && lib.step && lib.get_reg && lib.flush_cache &&
	       lib.space;
}

void oracle_modules_changed(void)
{
	lib.flush_cache(*lib.space, 0, 0);
}

NOINLINE unsigned oracle_frames(const uintptr_t *fp, uintptr_t *pcs, unsigned max)
{
	ucontext_t context;
	uintptr_t cursor[128], ip = 0, sp = 0;
	Dl_info info;
	int started = 0, after_signal = 0;
	unsigned n = 0;

	lib.getcontext(&context);
	lib.init_local(cursor, &context);
	while (n < max && lib.step(cursor) > 0) {
		lib.get_reg(cursor, 16, &ip);
		lib.get_reg(cursor, 7, &sp);
		if (ip == fp[1] && sp == (uintptr_t)(fp + 2))
			started = 1;
		if (started && ip)
			pcs[n++] = ip + (after_signal ? 1 : 0);
		/* mov $15, %rax; syscall: the return from a handler. Versions of libunwind disagree on which frame is "the signal
		 * frame". Where code has no CFI, its guess may be no code at all. */
		after_signal = dladdr((void *)ip, &info) && !memcmp((const void *)ip, "\x48\xc7\xc0\x0f\0\0\0\x0f\x05", 9);
	}
	return n;
}

unsigned touch_frames(uintptr_t *pcs)
{
	return stack_frames(touch_state.id, pcs, STACK_FRAMES);
}

void touch_print(const char *what, const uintptr_t *pcs, unsigned n)
{
	fprintf(stderr, "# %s: %u frames\n", what, n);
	for (unsigned i = 0; i < n; i++) {
		Dl_info info = { 0 };

		dladdr((void *)(pcs[i] - 1), &info);
		fprintf(stderr, "#   %#lx %s %s\n", (unsigned long)pcs[i], info.dli_fname ? info.dli_fname : "?",
			info.dli_sname ? info.dli_sname : "?");
	}
}

static void check(const struct race_op *op, const uintptr_t *fp)
{
	uintptr_t mine[STACK_FRAMES], theirs[STACK_FRAMES];
	struct touch_state *t = &touch_state;
	unsigned n, k;

	t->id = stack_capture(t->cache, op, fp);
	t->captures++;
	n = stack_frames(t->id, mine, STACK_FRAMES);
	k = oracle_frames(fp, theirs, STACK_FRAMES);
	if (n == k && !memcmp(mine, theirs, n * sizeof(*mine)) && stack_op(t->id) == op)
		return;
	if (t->wrong++ == 0 && getenv("UNWIND_SHOW")) {
		touch_print("captured", mine, n);
		touch_print("libunwind", theirs, k);
	}
}

NOINLINE void touch(void)
{
	check(&touch_ops[0], FRAME);
	__asm__ volatile("");
}

NOINLINE void touch_other(void)
{
	check(&touch_ops[1], FRAME);
	__asm__ volatile("");
}
