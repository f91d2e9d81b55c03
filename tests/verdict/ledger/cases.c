/* SPDX-License-Identifier: MIT */
/*
 * cases.c - races with something in the ledger. `cases NAME`: one scenario each; the order is forced by a gate that librace cannot
 * see, so that each is the same in every run. No atomics of its own (tests/verdict/ledger/atomic.c has them).
 */
#include "../../e2e/twins.h"

#include <sched.h>
#include <search.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *root;
static struct gate turn;
static int ready;

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int numbers[64];

__attribute__((noinline)) static void put_number(int i)
{
	numbers[i] = i;
	tsearch(&numbers[i], &root, compare);
	KEEP(put_number);
}

__attribute__((noinline)) static void put_under_lock(int i)
{
	pthread_mutex_lock(&lock);
	put_number(i);
	pthread_mutex_unlock(&lock);
}

/* 20 insertions under the lock, one without. */
static void *habit_a(void *unused)
{
	for (int i = 0; i < 20; i++)
		put_under_lock(i);
	gate_open(&turn);
	return unused;
}

static void *habit_b(void *unused)
{
	gate_wait(&turn, 1);
	if (racy)
		put_number(40);
	else
		put_under_lock(40);
	return unused;
}

/* The later thread sleeps again and again until a plain word changes; the last time after the other one's use, however they run. */
static void *polled_a(void *unused)
{
	gate_wait(&turn, 1);
	put_number(1);
	gate_open(&turn);
	__atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
	return unused;
}

static void *polled_b(void *unused)
{
	int asked = 0;

	do {
		usleep(500);
		if (++asked == 3) {
			gate_open(&turn);
			gate_wait(&turn, 2);
		}
	} while (asked == 3 || !__atomic_load_n(&ready, __ATOMIC_ACQUIRE));
	put_number(2);
	return unused;
}

/* The same, but it uses the map between two sleeps: that is no waiting. */
static void *busy_b(void *unused)
{
	for (int i = 0; i < 3; i++) {
		usleep(500);
		put_number(10 + i);
	}
	gate_open(&turn);
	gate_wait(&turn, 2);
	put_number(2);
	return unused;
}

static void *busy_a(void *unused)
{
	gate_wait(&turn, 1);
	put_number(1);
	gate_open(&turn);
	return unused;
}

/* One sleep before the use, as those do who hope: no order. */
static void *hoped_a(void *unused)
{
	put_number(1);
	gate_open(&turn);
	return unused;
}

static void *hoped_b(void *unused)
{
	gate_wait(&turn, 1);
	usleep(500);
	put_number(2);
	return unused;
}

static const struct scenario list[] = { SIDES(habit), SIDES(polled), SIDES(busy), SIDES(hoped) };

int main(int argc, char **argv)
{
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
