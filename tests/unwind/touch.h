/* SPDX-License-Identifier: MIT */
/*
 * touch.h - a stand-in for a hooked operation, checked against libunwind, and the slow twin itself.
 */
#ifndef RACE_TESTS_UNWIND_TOUCH_H
#define RACE_TESTS_UNWIND_TOUCH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "../../preload/unwind/unwind.h"

#define FRAME ((const uintptr_t *)__builtin_frame_address(0))
#define NOINLINE __attribute__((noinline))

/* Keeps v alive and the compiler from knowing it. */
#define KEEP(v) __asm__ volatile("" : "+r"(v) : : "memory")

/* libunwind.so.8, opened privately by this test. 0 when the machine has none. */
int oracle_load(void);
void oracle_modules_changed(void);
/* What libunwind says of the stack above a frame. Number of frames. */
unsigned oracle_frames(const uintptr_t *fp, uintptr_t *pcs, unsigned max);

struct touch_state {
	struct stack_cache *cache;
	uint64_t captures, wrong;
	uint32_t id;                  /* of the last capture */
};
extern __thread struct touch_state touch_state;
extern const struct race_op touch_ops[2];

/* Captures as a hook does, and compares. */
void touch(void);
void touch_other(void); /* the same as another operation */
/* The last capture's list. */
unsigned touch_frames(uintptr_t *pcs);
void touch_print(const char *what, const uintptr_t *pcs, unsigned n);

#ifdef __cplusplus
}
#endif

#endif
