/* SPDX-License-Identifier: MIT */
/*
 * plugin.c - built as two libraries whose only difference is the size of a frame: mapped at one address, one after the other,
 * they have equal return addresses with different rules.
 */
#include "frames.h"

NOINLINE long plugin_call(long x, long (*next)(long))
{
	volatile char pad[PLUGIN_PAD];
	long r;

	pad[x & 15] = (char)x;
	r = next(x);
	return r + pad[x & 15];
}
