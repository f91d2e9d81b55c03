/* SPDX-License-Identifier: MIT */
/*
 * futex.h - what syscall() means for threads: futexes, and descriptors used by number of the call. See futex.c.
 */
#ifndef RACE_HOOKS_FUTEX_H
#define RACE_HOOKS_FUTEX_H

/* The caller is a library whose locks are known by their own names: what it asks the kernel for to make them is no order by itself. */
int kernel_call_is_inside(long number, const void *return_address);
/* Around the real syscall(). errno stands as the real call left it. */
void kernel_call_before(long number, const long args[6]);
void kernel_call_after(long number, const long args[6], long result);

#endif
