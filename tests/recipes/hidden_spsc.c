/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/* Tables handed over by a ring with one producer and one consumer. */
#include <sched.h>
#include <stdatomic.h>

#include "hidden.h"

#define SLOTS 8

static struct {
	GHashTable *slot[SLOTS];
	atomic_uint head, tail;
} ring;

static void push(GHashTable *t)
{
	unsigned head = atomic_load_explicit(&ring.head, memory_order_relaxed);

	while (head - atomic_load_explicit(&ring.tail, memory_order_acquire) == SLOTS)
		sched_yield();
	ring.slot[head % SLOTS] = t;
	race_release(&ring.slot[head % SLOTS]);
	atomic_store_explicit(&ring.head, head + 1, memory_order_release);
}

static GHashTable *pop(void)
{
	unsigned tail = atomic_load_explicit(&ring.tail, memory_order_relaxed);
	GHashTable *t;

	while (atomic_load_explicit(&ring.head, memory_order_acquire) == tail)
		sched_yield();
	race_acquire(&ring.slot[tail % SLOTS]);
	t = ring.slot[tail % SLOTS];
	atomic_store_explicit(&ring.tail, tail + 1, memory_order_release);
	return t;
}

static void *producer(void *unused)
{
	for (int i = 0; i < 50; i++) {
		GHashTable *t = g_hash_table_new(g_str_hash, g_str_equal);

		g_hash_table_insert(t, (void *)"subject", t);
		push(t);
	}
	return unused;
}

static void *consumer(void *unused)
{
	for (int i = 0; i < 50; i++) {
		GHashTable *t = pop();

		g_hash_table_lookup(t, "subject");
		g_hash_table_destroy(t);
	}
	return unused;
}

HIDDEN(producer, consumer)
