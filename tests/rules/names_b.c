/* SPDX-License-Identifier: MIT */
/* names_b.c - the other file of names_a.c. */
#include "names.h"

extern long names_table[8];

static NOINLINE int twice_put(long *table, long key)
{
	table[key & 7] += 2 * key;
	return (int)table[0];
}

NOINLINE void touch_b(int which)
{
	(void)which;
	twice_put(names_table, 1);
	__asm__ volatile("" ::: "memory");
}
