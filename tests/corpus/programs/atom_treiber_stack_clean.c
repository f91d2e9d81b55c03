/* CORPUS label=clean family=glib_hash primitive=atomic_stack atomics=own repeats=yes twin=atom_treiber_stack_racy debug=no */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A downloader pushes finished documents, each with a table of properties, on a lock-free stack; the indexer takes
 * the whole stack at once and reads the properties. The downloader pauses when the backlog is long.
 * The downloader notes the size in the table before the push.
 */
#include <glib.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum { DOCUMENTS = 6000, BACKLOG = 128 };

struct document {
	struct document *below;
	GHashTable *properties;
};

static struct document documents[DOCUMENTS];
static _Atomic(struct document *) top;
static atomic_int indexed;

static void push(struct document *document)
{
	document->below = atomic_load_explicit(&top, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&top, &document->below, document, memory_order_release,
						      memory_order_relaxed))
		;
}

static void *downloader(void *arg)
{
	for (int i = 0; i < DOCUMENTS; i++) {
		struct document *document = &documents[i];

		while (i - atomic_load_explicit(&indexed, memory_order_relaxed) > BACKLOG)
			sched_yield();
		document->properties = g_hash_table_new(NULL, NULL);
		g_hash_table_insert(document->properties, GINT_TO_POINTER('u'), GINT_TO_POINTER(i));
		g_hash_table_insert(document->properties, GINT_TO_POINTER('t'), "text/plain");
		g_hash_table_insert(document->properties, GINT_TO_POINTER('s'), GINT_TO_POINTER(1 + i));
		push(document);
	}
	return arg;
}

static void *indexer(void *arg)
{
	int mine = 0;

	while (mine < DOCUMENTS) {
		struct document *document = atomic_exchange_explicit(&top, NULL, memory_order_acquire);

		if (!document)
			sched_yield();
		while (document) {
			mine += g_hash_table_lookup(document->properties, GINT_TO_POINTER('t')) != NULL;
			atomic_store_explicit(&indexed, mine, memory_order_relaxed);
			document = document->below;
		}
	}
	return arg;
}

int main(void)
{
	pthread_t threads[2];

	pthread_create(&threads[0], NULL, indexer, NULL);
	pthread_create(&threads[1], NULL, downloader, NULL);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	for (int i = 0; i < DOCUMENTS; i++)
		g_hash_table_destroy(documents[i].properties);
	printf("%d documents indexed\n", indexed);
	return 0;
}
