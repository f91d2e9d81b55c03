/* SPDX-License-Identifier: MIT */
/* A seqlock around a table that is made for it: readers may see it half changed, and try again. */
#include <sched.h>
#include <stdatomic.h>

#include "recipe.h"

#define SLOTS 64

static struct {
	atomic_uint sequence;
	_Atomic unsigned value[SLOTS];
} prices;

static void write_begin(void)
{
	unsigned s;

	do {
		s = atomic_load_explicit(&prices.sequence, memory_order_relaxed) & ~1u;
	} while (!atomic_compare_exchange_weak_explicit(&prices.sequence, &s, s + 1, memory_order_acquire, memory_order_relaxed));
	race_acquire(&prices.sequence);
}

static void write_end(void)
{
	race_release(&prices.sequence);
	atomic_fetch_add_explicit(&prices.sequence, 1, memory_order_release);
}

static void set(unsigned i, unsigned value)
{
	write_begin();
	race_insert_begin(&prices);
	atomic_store_explicit(&prices.value[i], value, memory_order_relaxed);
	race_insert_end(&prices);
	write_end();
}

static unsigned get(unsigned i)
{
	unsigned s, value;

	do {
		while ((s = atomic_load_explicit(&prices.sequence, memory_order_acquire)) & 1)
			sched_yield();
		race_ignore_begin();
		race_lookup_begin(&prices);
		value = atomic_load_explicit(&prices.value[i], memory_order_relaxed);
		race_lookup_end(&prices);
		race_ignore_end();
		atomic_thread_fence(memory_order_acquire);
	} while (atomic_load_explicit(&prices.sequence, memory_order_relaxed) != s);
	return value;
}

static void *writer(void *unused)
{
	for (unsigned i = 0; i < 100; i++)
		set(i % SLOTS, i);
	gate_open(&first_done);
	return unused;
}

/* Behind the gate only so that the run without annotations is the same each time. */
static void *other(void *unused)
{
	unsigned sum = 0;

	gate_wait(&first_done, 1);
	for (unsigned i = 0; i < 100; i++)
		sum += get(i % SLOTS);
	set(0, sum);
	return unused;
}

int main(void)
{
	race_map_create(&prices, "price table", RACE_UNSAFE);
	both(writer, other);
	puts("done");
	return 0;
}
