/* SPDX-License-Identifier: MIT */
/*
 * hidden.h - the frame of the programs whose order librace cannot see: one scenario each, built as it stands and with -DUNANNOTATED.
 *
 * The table is a GHashTable that nothing else orders: `table` is made before the threads are, and used by both.
 */
#ifndef TESTS_HIDDEN_H
#define TESTS_HIDDEN_H

#include <glib.h>

#include "recipe.h"

static GHashTable *table;

static inline void add(const char *key)
{
	g_hash_table_insert(table, (void *)key, (void *)key);
}

static inline void look_up(const char *key)
{
	g_hash_table_lookup(table, key);
}

/* The C++ programs give their own. */
#define HIDDEN(one, other)                                                                    \
	int main(void)                                                                        \
	{                                                                                     \
		table = g_hash_table_new(g_str_hash, g_str_equal);                            \
		both(one, other);                                                             \
		puts("done");                                                                 \
		return 0;                                                                     \
	}

#endif
