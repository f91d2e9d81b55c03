/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/* A table that is filled, then published by an atomic pointer. */
#include <sched.h>
#include <stdatomic.h>

#include "hidden.h"

static _Atomic(GHashTable *) published;

static void *publisher(void *unused)
{
	add("timeout");
	race_release(table);
	atomic_store_explicit(&published, table, memory_order_release);
	return unused;
}

static GHashTable *defaults(void)
{
	GHashTable *t = atomic_load_explicit(&published, memory_order_acquire);

	if (t)
		race_acquire(t);
	return t;
}

static void *reader(void *unused)
{
	while (!defaults())
		sched_yield();
	g_hash_table_lookup(defaults(), "timeout");
	return unused;
}

HIDDEN(publisher, reader)
