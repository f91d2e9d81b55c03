/* SPDX-License-Identifier: MIT */
/*
 * touch.h - the map that the test programs share, and the functions that a report must name.
 *
 * A tsearch tree on a static root: present in every libc, no creation call. touch_a and touch_b write (a new key each),
 * look_a and look_b read. Each is its own function, so that the first user frame tells which access was reported.
 */
#ifndef TESTS_TOUCH_H
#define TESTS_TOUCH_H

#include <search.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

static void *touch_root;

static inline int touch_compare(const void *a, const void *b)
{
	return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

/* Keeps the call before it from becoming a jump, so that the frame stays, and equal functions from becoming one. */
#define KEEP(name) __asm__ volatile("/* " #name " */" ::: "memory")

#define TOUCH_FUNCTION(name, call)                                                                                   \
	static __attribute__((noinline, unused)) void name(void)                                                     \
	{                                                                                                            \
		call;                                                                                                \
		KEEP(name);                                                                                          \
	}

TOUCH_FUNCTION(touch_a, tsearch((void *)1, &touch_root, touch_compare))
TOUCH_FUNCTION(touch_b, tsearch((void *)2, &touch_root, touch_compare))
TOUCH_FUNCTION(look_a, tfind((void *)1, &touch_root, touch_compare))
TOUCH_FUNCTION(look_b, tfind((void *)2, &touch_root, touch_compare))

#ifdef __cplusplus
}
#endif
#endif
