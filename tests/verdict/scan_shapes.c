/* SPDX-License-Identifier: MIT */
/*
 * scan_shapes.c - loops for the scan; what is expected of a function is in its name.
 *
 *	waits_	a loop that only waits		none_	no mark of any sort
 *	polls_	a call in a loop that only waits	works_	a call that is in none
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "examples/turns.h"
#include "tests/e2e/gate.h"

struct item {
	struct item *next, *other;
	long key;
	int ready, turn;
	unsigned char open;
};

volatile int flag;
volatile unsigned char byte_flag;
int plain, total;
struct item *list;
extern int work(void);

#define LOAD(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)

/* ---- waits ---- */

void waits_for_a_volatile(void)
{
	while (!flag)
		;
}

void waits_for_a_byte(void)
{
	while (!byte_flag)
		;
}

void waits_for_an_atomic(void)
{
	while (!LOAD(&plain))
		;
}

void waits_for_a_value(int *p, int value)
{
	while (LOAD(p) != value)
		;
}

void waits_for_a_member(struct item *i)
{
	while (!LOAD(&i->ready))
		;
}

void waits_for_a_byte_member(struct item *i)
{
	while (!LOAD(&i->open))
		;
}

void waits_for_a_turn(struct item *i, int turn)
{
	while (LOAD(&i->turn) < turn)
		;
}

void waits_through_a_pointer(struct item *i)
{
	while (!LOAD(&LOAD(&i->other)->ready))
		;
}

void waits_for_bits(struct item *i)
{
	while (!(LOAD(&i->turn) & 4))
		;
}

int waits_for_one_of(struct item *i)
{
	int now;

	do
		now = LOAD(&i->turn);
	while (now == 0 || now == 7);
	return now;
}

struct item *waits_for_a_pointer(void)
{
	struct item *i;

	while ((i = LOAD(&list)) == NULL)
		;
	return i;
}

int waits_in_a_longer_function(struct item *i, int n)
{
	int sum = 0;

	for (int k = 0; k < n; k++) {
		while (LOAD(&i->turn) != k)
			;
		sum += i->ready * k;
		__atomic_store_n(&i->turn, k + 1, __ATOMIC_RELEASE);
	}
	return sum;
}

/* ---- no marks ---- */

int none_counts(int n)
{
	int sum = 0;

	for (volatile int i = 0; i < n; i++)
		sum += 3;
	return sum;
}

struct item *none_walks(struct item *i)
{
	while (i->next)
		i = i->next;
	return i;
}

struct item *none_walks_by_key(struct item *i, long key)
{
	while (i && i->key != key)
		i = i->next;
	return i;
}

struct item *none_walks_atomically(struct item *i)
{
	while (LOAD(&i->next))
		i = LOAD(&i->next);
	return i;
}

const char *none_searches(const char *s, int c)
{
	while (*s && *s != c)
		s++;
	return s;
}

void none_stores(int *to)
{
	while (!LOAD(&plain))
		*to = 1;
}

void none_calls(void)
{
	while (!LOAD(&plain))
		work();
}

void none_gate(struct gate *g)
{
	gate_wait(g, 3);
	gate_open(g);
}

void none_turns(void)
{
	turn_wait(2);
	turn_over();
}

int none_bounded(void)
{
	int i;

	for (i = 0; i < 1000 && !LOAD(&plain); i++)
		;
	return i;
}

void none_copies(char *to, const char *from, size_t n)
{
	for (size_t i = 0; i < n && from[i]; i++)
		to[i] = from[i];
}

uint64_t none_constants(uint64_t x)
{
	x ^= 0x0090f30000fcebf0ull;		/* pause, jmp back */
	x += 0xf0aef00fae0f0000ull;		/* mfence */
	x ^= 0x0000008700f04887ull;		/* xchg */
	x *= 0xc10ff0b10ff04801ull;		/* lock xadd, lock cmpxchg */
	plain = (int)(x & 0x00f001f0);
	return x | 0x75c08500058bull;		/* load, test, jump */
}

int none_accesses(struct item *i)
{
	int ready = LOAD(&i->ready);

	__atomic_store_n(&i->turn, ready, __ATOMIC_RELEASE);
	return ready;
}

/* ---- calls ---- */

void polls_with_usleep(void)
{
	while (!flag)
		usleep(100);
}

void polls_a_member(struct item *i)
{
	while (!LOAD(&i->ready))
		sched_yield();
}

void polls_at_the_end(struct item *i)
{
	do
		sched_yield();
	while (LOAD(&i->turn) != 3);
}

void polls_with_nanosleep(void)
{
	struct timespec t = { 0, 1000 };

	while (!flag)
		nanosleep(&t, NULL);
}

void polls_with_a_fresh_time(struct item *i)
{
	while (!LOAD(&i->ready)) {
		struct timespec t = { 0, 1000 };

		nanosleep(&t, NULL);
	}
}

void polls_through_signals(struct item *i)
{
	while (!LOAD(&i->ready)) {
		struct timespec t = { 0, 1000 };

		while (nanosleep(&t, &t) == -1 && errno == EINTR)
			;
	}
}

int polls_forever(struct item *i)
{
	for (;;) {
		if (LOAD(&i->turn) > 2)
			return i->ready;
		usleep(1);
	}
}

void polls_through_a_pointer(struct item *i)
{
	while (!LOAD(&i->other->ready))
		usleep(50);
}

void works_a_number_of_times(int n)
{
	for (int i = 0; i < n; i++)
		usleep(10);
}

int works_until_a_limit(void)
{
	int i;

	for (i = 0; i < 1000 && !flag; i++)
		usleep(10);
	return i;
}

void works_in_between(void)
{
	while (!flag) {
		usleep(10);
		work();
	}
}

void works_along_a_list(struct item *i)
{
	for (; i; i = i->next)
		usleep(10);
}

void works_and_stores(void)
{
	while (!flag) {
		total = plain;
		usleep(10);
	}
}

void works_once(void)
{
	if (!flag)
		usleep(10);
}

void works_without_a_place(void)
{
	for (;;)
		usleep(10);
}

void works_as_long_as_there_is_some(void)
{
	while (work() > 0)
		usleep(10);
}

void works_with_longer_sleeps(void)
{
	unsigned us = 1;

	while (!flag) {
		usleep(us);
		us *= 2;
	}
}

int works_again_after_signals(void)
{
	struct timespec t = { 0, 1000 };

	while (nanosleep(&t, &t) == -1 && errno == EINTR)
		;
	return flag;
}
