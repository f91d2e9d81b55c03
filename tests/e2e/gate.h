/* SPDX-License-Identifier: MIT */
/*
 * gate.h - an order between threads that librace cannot see.
 *
 * A counter that only grows; waiting is a bare futex system call, opening it a plain store. Neither goes through a
 * function that could be hooked, so two accesses ordered by a gate never overlap in time and still have no
 * happens-before edge between them: a race that is there in every run, without luck and without sleeping.
 */
#ifndef TESTS_GATE_H
#define TESTS_GATE_H

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

struct gate {
	int count;
};

static inline long gate_futex(int *word, int op, int value)
{
#if defined(__x86_64__)
	register long timeout __asm__("r10") = 0;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"((long)SYS_futex), "D"(word), "S"((long)op), "d"((long)value), "r"(timeout)
			 : "rcx", "r11", "memory");
	return result;
#else
	return syscall(SYS_futex, word, op, value, NULL);
#endif
}

/* Returns once the gate has been opened n times. */
static inline void gate_wait(struct gate *g, int n)
{
	int count;

	while ((count = __atomic_load_n(&g->count, __ATOMIC_ACQUIRE)) < n)
		gate_futex(&g->count, FUTEX_WAIT_PRIVATE, count);
}

/* One thread at a time opens a gate. */
static inline void gate_open(struct gate *g)
{
	__atomic_store_n(&g->count, __atomic_load_n(&g->count, __ATOMIC_RELAXED) + 1, __ATOMIC_RELEASE);
	gate_futex(&g->count, FUTEX_WAKE_PRIVATE, 0x7fffffff);
}

#endif
