/* SPDX-License-Identifier: MIT */
/*
 * frames_fp.c - functions with frame pointers, among others that have none. Built with -O1 -fno-omit-frame-pointer.
 */
#include "frames.h"

NOINLINE long fp_plain(long x, int depth)
{
	volatile char pad[40];
	long r;

	pad[0] = (char)x;
	r = depth > 0 ? no_fp(x + 1, depth - 1) : bottom(x);
	return r + pad[0];
}

NOINLINE long fp_calls(long x, int depth, long (*next)(long, int))
{
	long r;

	touch();
	r = next(x, depth);
	touch_other();
	return r + x;
}

NOINLINE long fp_alloca(long x, int depth)
{
	char *p = __builtin_alloca(16 + (size_t)(x & 31) * 16);
	long r;

	KEEP(p);
	p[0] = (char)x;
	r = depth > 0 ? fp_plain(x >> 2, depth - 1) : bottom(x);
	return r + p[0];
}
