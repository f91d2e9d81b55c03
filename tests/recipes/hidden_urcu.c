/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 liburcu */
/* A table published by liburcu whose read side is compiled into the program. */
#define _LGPL_SOURCE
#define URCU_INLINE_SMALL_FUNCTIONS
#include <sched.h>
#include <urcu/urcu-memb.h>

#include "hidden.h"

static GHashTable *config;

static void *publisher(void *unused)
{
	add("timeout");
	race_release(table);
	rcu_assign_pointer(config, table);
	return unused;
}

static int read_config(void)
{
	GHashTable *t;

	urcu_memb_read_lock();
	t = rcu_dereference(config);
	if (t) {
		race_acquire(t);
		g_hash_table_lookup(t, "timeout");
	}
	urcu_memb_read_unlock();
	return t != NULL;
}

static void *reader(void *unused)
{
	urcu_memb_register_thread();
	while (!read_config())
		sched_yield();
	urcu_memb_unregister_thread();
	return unused;
}

HIDDEN(publisher, reader)
