/* CORPUS label=racy family=glib_hash primitive=atomic_ring atomics=own repeats=yes twin=atom_spsc_ring_clean cause=write_after_handover */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A parser hands requests, one table of headers each, to a worker through a ring of its own for one producer and one
 * consumer. The indices are plain moves with release and acquire: no locked instruction anywhere.
 * The parser pushes the request first and adds the time stamp header afterwards.
 */
#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { RING = 512, REQUESTS = 3000 };

static GHashTable *ring[RING];
static GHashTable *requests[REQUESTS];
static _Alignas(64) atomic_uint head;
static _Alignas(64) atomic_uint tail;

static void push(GHashTable *request)
{
	unsigned at = atomic_load_explicit(&head, memory_order_relaxed);

	while (at - atomic_load_explicit(&tail, memory_order_acquire) == RING)
		;
	ring[at % RING] = request;
	atomic_store_explicit(&head, at + 1, memory_order_release);
}

static GHashTable *pop(void)
{
	unsigned at = atomic_load_explicit(&tail, memory_order_relaxed);
	GHashTable *request;

	while (atomic_load_explicit(&head, memory_order_acquire) == at)
		;
	request = ring[at % RING];
	atomic_store_explicit(&tail, at + 1, memory_order_release);
	return request;
}

static void *parser(void *arg)
{
	for (int i = 0; i < REQUESTS; i++) {
		GHashTable *request = requests[i] = g_hash_table_new(g_str_hash, g_str_equal);

		g_hash_table_insert(request, "Host", "example.org");
		g_hash_table_insert(request, "Accept", "*/*");
		push(request);
		g_hash_table_insert(request, "X-Received", "now");
	}
	return arg;
}

static void *worker(void *arg)
{
	int *served = arg;

	for (int i = 0; i < REQUESTS; i++) {
		GHashTable *request = pop();

		*served += g_hash_table_lookup(request, "Host") != NULL;
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	int served = 0;

	pthread_create(&threads[0], NULL, parser, NULL);
	pthread_create(&threads[1], NULL, worker, &served);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	for (int i = 0; i < REQUESTS; i++)
		g_hash_table_destroy(requests[i]);
	printf("%d requests served\n", served);
	return 0;
}
