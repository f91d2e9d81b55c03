/* SPDX-License-Identifier: MIT */
/*
 * stub.h - the wrapper of functions whose type nobody told us: rules, C++ instantiations found by name.
 *
 * A site is one patched function. Its entry jumps to a thunk (made at run time, near it) that loads the site's address and
 * goes to stub_enter, one piece of assembly for all: it saves every argument register (rax too: variadic calls), calls
 * site->before, copies the arguments on the stack, CALLS the trampoline from a frame of its own with CFI, calls site->after
 * with the results, and returns them. So exceptions, longjmp, cancellation, backtrace and unwinders pass through it like
 * through any function.
 */
#ifndef RACE_PATCH_STUB_H
#define RACE_PATCH_STUB_H

#include <stddef.h>
#include <stdint.h>

#include "../core.h"

#define STUB_STACK_WORDS 8 /* arguments on the stack that are passed on: arg6 ... arg13 (more where the function is variadic) */

/* What a call was given: arg[0..5] in registers, stack[0] is arg6. */
struct stub_args {
	uint64_t arg[6];
	const uint64_t *stack;
	uint64_t rax; /* al: number of vector registers of a variadic call */
};

/* Lives in the stub's frame; `before` fills, `after` reads. */
struct stub_call {
	struct race_op_open open; /* open.cell NULL when there is nothing to end */
	struct race_thread *t;
	uintptr_t map, user[3];   /* the site's own */
};

struct stub_site;
/* Both run outside the guard and take it themselves (thread_enter), exactly as typed wrappers do. fp is what
 * __builtin_frame_address(0) would be in a C wrapper: fp[0] the caller's rbp, fp[1] the return address. */
typedef void stub_before(const struct stub_site *site, const struct stub_args *args, const uintptr_t *fp, struct stub_call *call);
typedef void stub_after(const struct stub_site *site, uint64_t result, const uintptr_t *fp, struct stub_call *call);

struct stub_site {
	void *trampoline;       /* the original; set before the patch becomes visible. stub.c reads it by its offset */
	stub_before *before;    /* never NULL */
	stub_after *after;      /* NULL: the stub skips it */
	const struct race_op *op; /* op->real points to `entry` below */
	void *entry;            /* the function as the program knows it: innermost frame of reports */
	const void *data;       /* the owner's */
	uint32_t words;         /* what stub_stack_words said */
	uint32_t state;         /* patch.c */
	uint64_t calls;         /* counted with stats=2 */
	uintptr_t map_start;    /* of the module it lies in, for the purge */
};

#define STUB_THUNK_MAX 48
/* stats=2: thunks made from here on count the calls of their site. */
extern int stub_counting __attribute__((visibility("hidden")));
/* Writes the thunk of a site to out; it will run at address `at`. Returns its length. */
size_t stub_thunk(uint8_t *out, uintptr_t at, const struct stub_site *site);
extern void stub_enter(void); /* the assembly; not callable from C */

/*
 * For stub_site.words: how many stack words a call of the function may be given, and what else the stub must know of it. Looks at
 * the machine code of the whole function and of what it jumps to, within `range`, the code that can be read. bytes = its size, 0
 * unknown. Nothing of its module may be patched yet.
 */
#define STUB_WORDS 0xffffu           /* the number */
#define STUB_ALL_VECTORS 0x40000000u /* callers may keep values in every vector register */
#define STUB_WIDE 0x80000000u        /* it has to do with vector registers of more than 128 bits */
struct code_range {
	const uint8_t *lo, *hi;
};
uint32_t stub_stack_words(const uint8_t *code, size_t bytes, const struct code_range *range);

#endif
