/* CORPUS label=clean family=jansson primitive=atomic_ring atomics=own repeats=yes twin=atom_mpmc_queue_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: jansson */
/*
 * Two collectors put JSON events into a bounded queue for many producers and consumers (a sequence number per cell),
 * two writers take them out and look at the fields.
 * A collector sets the event's sequence field before it queues the event.
 */
#include <jansson.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum { CELLS = 32, EVENTS = 5000 };

static struct cell {
	atomic_size_t sequence;
	json_t *event;
} cells[CELLS];
static atomic_size_t put_at, take_at;
static json_t *events[2][EVENTS];

static void put(json_t *event)
{
	size_t at = atomic_fetch_add_explicit(&put_at, 1, memory_order_relaxed);
	struct cell *cell = &cells[at % CELLS];

	while (atomic_load_explicit(&cell->sequence, memory_order_acquire) != at)
		sched_yield();
	cell->event = event;
	atomic_store_explicit(&cell->sequence, at + 1, memory_order_release);
}

static json_t *take(void)
{
	size_t at = atomic_fetch_add_explicit(&take_at, 1, memory_order_relaxed);
	struct cell *cell = &cells[at % CELLS];
	json_t *event;

	while (atomic_load_explicit(&cell->sequence, memory_order_acquire) != at + 1)
		sched_yield();
	event = cell->event;
	atomic_store_explicit(&cell->sequence, at + CELLS, memory_order_release);
	return event;
}

static void *collector(void *arg)
{
	json_t **mine = arg;

	for (int i = 0; i < EVENTS; i++) {
		mine[i] = json_object();
		json_object_set_new(mine[i], "kind", json_true());
		json_object_set_new(mine[i], "sequence", json_null());
		put(mine[i]);
	}
	return NULL;
}

static void *writer(void *arg)
{
	long *fields = arg;

	for (int i = 0; i < EVENTS; i++)
		*fields += json_object_get(take(), "kind") != NULL;
	return NULL;
}

int main(void)
{
	pthread_t threads[4];
	long fields[2] = { 0, 0 };

	for (size_t i = 0; i < CELLS; i++)
		cells[i].sequence = i;
	for (int i = 0; i < 2; i++) {
		pthread_create(&threads[i], NULL, collector, events[i]);
		pthread_create(&threads[2 + i], NULL, writer, &fields[i]);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 2 * EVENTS; i++)
		json_decref(events[i % 2][i / 2]);
	printf("%ld fields written\n", fields[0] + fields[1]);
	return 0;
}
