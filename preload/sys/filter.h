/* SPDX-License-Identifier: MIT */
/*
 * filter.h - what a seccomp filter will say to a system call, worked out beforehand.
 *
 * A filter may kill for a call that the program itself never makes. What librace asks the kernel now and then (os_readable) it must know
 * to be allowed before the filter is there: afterwards there is no way to ask.
 */
#ifndef RACE_SYS_FILTER_H
#define RACE_SYS_FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

/* The action that the n instructions at `at` return for the call (SECCOMP_RET_..., with its data). A program that the kernel would not
 * take counts as SECCOMP_RET_KILL_PROCESS. */
unsigned filter_action(const struct sock_filter *at, size_t n, const struct seccomp_data *call);

/* 1 when os_readable may be asked after the filter is in force. The memory of the program must be readable. */
int filter_allows_probe(const struct sock_filter *at, size_t n);

#endif
