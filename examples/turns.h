/* SPDX-License-Identifier: MIT */
/*
 * turns.h - keeps the racing calls of the examples apart in time, so that a demonstration does not crash or hang.
 *
 * In the programs these examples are modelled on, chance decides who comes first, and mostly nothing happens. Here
 * each side waits for its turn, in a way that is no synchronisation to any observer of library calls: a counter in
 * memory and bare futex system calls. So the race is there in every run, and the table survives it. The fixed twins
 * need none of this.
 */
#ifndef EXAMPLES_TURNS_H
#define EXAMPLES_TURNS_H

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

static int turn_now;

static inline void turn_futex(int op, int value)
{
#if defined(__x86_64__)
	register long timeout __asm__("r10") = 0;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"((long)SYS_futex), "D"(&turn_now), "S"((long)op), "d"((long)value), "r"(timeout)
			 : "rcx", "r11", "memory");
#else
	syscall(SYS_futex, &turn_now, op, value, (void *)0);
#endif
}

/* Returns when n turns are over. */
static inline void turn_wait(int n)
{
	int now;

	while ((now = __atomic_load_n(&turn_now, __ATOMIC_ACQUIRE)) < n)
		turn_futex(FUTEX_WAIT_PRIVATE, now);
}

/* The current turn is over; only who has the turn calls this. */
static inline void turn_over(void)
{
	__atomic_store_n(&turn_now, turn_now + 1, __ATOMIC_RELEASE);
	turn_futex(FUTEX_WAKE_PRIVATE, 0x7fffffff);
}

#endif
