/* CORPUS label=racy family=glib_hash primitive=gbitlock atomics=none repeats=yes twin=prim_gbitlock_flags_clean cause=different-locks */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Words of flags; one bit of the first is the lock of the table of owners.
 * Each thread locks that bit in a word of its own.
 */
#include <glib.h>
#include <stdio.h>

enum { LOCK_BIT = 3, OWNERS = 18, ROUNDS = 100 };

static GHashTable *owners;
static gint flags[2];

static gpointer clerk(gpointer arg)
{
	gint *word = &flags[GPOINTER_TO_INT(arg)];

	for (int i = 0; i < OWNERS * ROUNDS; i++) {
		g_bit_lock(word, LOCK_BIT);
		g_hash_table_insert(owners, GINT_TO_POINTER(i % OWNERS + 1), GINT_TO_POINTER(100 + i));
		g_bit_unlock(word, LOCK_BIT);
	}
	return arg;
}

int main(void)
{
	GThread *threads[2];

	owners = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= OWNERS; i++)
		g_hash_table_insert(owners, GINT_TO_POINTER(i), GINT_TO_POINTER(100));
	for (int i = 0; i < 2; i++)
		threads[i] = g_thread_new("clerk", clerk, GINT_TO_POINTER(i));
	for (int i = 0; i < 2; i++)
		g_thread_join(threads[i]);
	printf("%u owners\n", g_hash_table_size(owners));
	g_hash_table_destroy(owners);
	return 0;
}
