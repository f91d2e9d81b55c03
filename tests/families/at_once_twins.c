/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * at_once_twins.c - the first access of each of two threads at the same moment: neither has been recorded when the other
 * looks. Under a lock, in the silent twin. See twins.h.
 */
#include <glib.h>

#include "family.h"

static GHashTable *table;
static uint32_t ready;

ACCESS(insert_a, g_hash_table_insert(table, GINT_TO_POINTER(1), NULL))
ACCESS(insert_b, g_hash_table_insert(table, GINT_TO_POINTER(2), NULL))
ACCESS(find_a, g_hash_table_lookup(table, GINT_TO_POINTER(3)))

/* Both run on: no sleep, whose end would put one behind the other. */
static void together(void)
{
	__atomic_fetch_add(&ready, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&ready, __ATOMIC_RELAXED) < 2)
		;
}

#define AT_ONCE(name, access_a, access_b)                                                                            \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		together();                                                                                          \
		if (!racy)                                                                                           \
			pthread_mutex_lock(&mutexes[0]);                                                             \
		access_a;                                                                                            \
		if (!racy)                                                                                           \
			pthread_mutex_unlock(&mutexes[0]);                                                           \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		together();                                                                                          \
		if (!racy)                                                                                           \
			pthread_mutex_lock(&mutexes[0]);                                                             \
		access_b;                                                                                            \
		if (!racy)                                                                                           \
			pthread_mutex_unlock(&mutexes[0]);                                                           \
		return unused;                                                                                       \
	}

AT_ONCE(write_write_at_once, insert_a(), insert_b())
AT_ONCE(write_write_reads_first, (find_a(), insert_a()), insert_b())
AT_ONCE(write_write_both_read_first, (find_a(), insert_a()), (find_a(), insert_b()))
AT_ONCE(write_iterate_at_once, find_a(), insert_b())

static const struct scenario list[] = {
	SIDES(write_write_at_once), SIDES(write_write_reads_first), SIDES(write_write_both_read_first), SIDES(write_iterate_at_once),
};

int main(int argc, char **argv)
{
	table = g_hash_table_new(NULL, NULL);
	return twins_main(argc, argv, list, sizeof(list) / sizeof(*list));
}
