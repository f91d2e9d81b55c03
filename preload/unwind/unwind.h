/* SPDX-License-Identifier: MIT */
/*
 * unwind.h - stacks of hooked operations.
 *
 * Three layers: a validated cache per thread (exact: it re-checks every word the walk read), an own CFI walker for what is
 * not cached, and libunwind.so.8, opened privately, for what the walker refuses. A stack is a small id: equal (op,
 * return addresses) have equal ids for the life of the process.
 */
#ifndef RACE_UNWIND_H
#define RACE_UNWIND_H

#include <stddef.h>
#include <stdint.h>

#include "../engine/op.h"

#define STACK_FRAMES 64 /* kept; deeper stacks are cut at the outer end */

/* fp = __builtin_frame_address(0) of the hook: fp[0] caller's rbp, fp[1] return address, fp + 2 the CFA. */

struct stack_cache; /* one per thread, lazily backed */
struct stack_cache *stack_cache_new(void); /* NULL: no memory; every call below accepts that */
void stack_cache_free(struct stack_cache *c);
uint64_t stack_cache_walks(const struct stack_cache *c); /* captures that it could not answer, ever; own thread */

int unwind_init(void);         /* the depot and the rule table; no dlopen, no libc call that allocates */
void unwind_load_library(void); /* opens libunwind.so.8 RTLD_LOCAL if present; only from the constructor */
void unwind_modules_changed(void); /* after dlopen, dlclose, __register_frame: a new generation of code */
void unwind_forked(void);

/* The id of the stack above fp with op as its innermost frame; 0 when it could not be restored. op may be NULL. */
uint32_t stack_capture(struct stack_cache *c, const struct race_op *op, const uintptr_t *fp);

/* What a captured id holds: number of return addresses, copied innermost first. */
unsigned stack_frames(uint32_t id, uintptr_t *pcs, unsigned max);
const struct race_op *stack_op(uint32_t id);

/* Its op and innermost return address are these. */
int stack_begins(uint32_t id, const struct race_op *op, uintptr_t pc);

struct unwind_stats {
	uint64_t stacks, depot_bytes;
	uint64_t refused;       /* walks that ended before the outermost frame */
	uint64_t lost;          /* new stacks for which the depot had no room */
	uint64_t rules_no_room; /* rules worked out again for want of room: slow, not wrong */
};
void unwind_stats(struct unwind_stats *out);

#endif
