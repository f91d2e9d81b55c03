/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * iterators_twins.c - iterations over a GHashTable in several critical sections, and resizes, used rightly and (racy) wrongly.
 * See twins.h.
 *
 * In the stale_... twins every step and every change is made under the one lock, so nothing races; what is wrong is that
 * the walk goes on after the change.
 */
#include <glib.h>

#include "family.h"

static GHashTable *table;
static GHashTableIter iter;
static struct gate changed_gate, inside;

static guint hash_stops(gconstpointer key);
static void value_stops(gpointer value);

ACCESS(begin_a, g_hash_table_iter_init(&iter, table))
ACCESS(step_a, g_hash_table_iter_next(&iter, NULL, NULL))
ACCESS(step_b, g_hash_table_iter_next(&iter, NULL, NULL))
ACCESS(insert_a, g_hash_table_insert(table, GINT_TO_POINTER(101), NULL))
ACCESS(insert_b, g_hash_table_insert(table, GINT_TO_POINTER(102), NULL))
ACCESS(insert_present, g_hash_table_insert(table, GINT_TO_POINTER(1), NULL))
ACCESS(remove_b, g_hash_table_remove(table, GINT_TO_POINTER(1)))
ACCESS(remove_by_iterator, g_hash_table_iter_remove(&iter))
ACCESS(fill_a, for (int i = 200; i < 220; i++) g_hash_table_insert(table, GINT_TO_POINTER(i), NULL))
ACCESS(fill_b, for (int i = 200; i < 220; i++) g_hash_table_insert(table, GINT_TO_POINTER(i), NULL))
ACCESS(lookup_first, g_hash_table_lookup(table, GINT_TO_POINTER(2)))
ACCESS(lookup_slow, g_hash_table_lookup(table, GINT_TO_POINTER(99)))
ACCESS(lookup_b, g_hash_table_lookup(table, GINT_TO_POINTER(2)))
ACCESS(empty_a, g_hash_table_remove_all(table))

static void lock(int which)
{
	pthread_mutex_lock(&mutexes[which]);
}
static void unlock(int which)
{
	pthread_mutex_unlock(&mutexes[which]);
}

/* ---- another thread changes the map between two steps, in order --------------------------------------------------------- */

/* The walk of A; it goes on after B's change. In the silent twin it begins anew. */
#define STALE(name, change_b)                                                                                        \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		lock(0);                                                                                             \
		begin_a();                                                                                           \
		step_a();                                                                                            \
		unlock(0);                                                                                           \
		gate_open(&a_done);                                                                                  \
		gate_wait(&changed_gate, 1);                                                                         \
		lock(0);                                                                                             \
		if (!racy)                                                                                           \
			begin_a();                                                                                   \
		step_a();                                                                                            \
		unlock(0);                                                                                           \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&a_done, 1);                                                                               \
		lock(0);                                                                                             \
		change_b;                                                                                            \
		unlock(0);                                                                                           \
		gate_open(&changed_gate);                                                                            \
		return unused;                                                                                       \
	}

STALE(stale_after_insert, insert_b())
STALE(stale_after_remove, remove_b())
/* The write that is to blame is not the last one: a key that is there already changes no structure. */
STALE(stale_not_by_last_write, insert_b(); unlock(0); lock(0); insert_present())

/* A begins, changes the map and hands the iterator to B. */
static void *stale_handed_on_a(void *unused)
{
	lock(0);
	if (!racy)
		insert_a();
	begin_a();
	step_a();
	if (racy)
		insert_a();
	unlock(0);
	gate_open(&a_done);
	return unused;
}
static void *stale_handed_on_b(void *unused)
{
	gate_wait(&a_done, 1);
	lock(0);
	step_b();
	unlock(0);
	return unused;
}

/* A begins, B removes by the same iterator, A goes on: the iterator knows. In the racy twin B removes by the table. */
static void *stale_and_back_a(void *unused)
{
	lock(0);
	begin_a();
	step_a();
	unlock(0);
	gate_open(&a_done);
	gate_wait(&changed_gate, 1);
	lock(0);
	step_a();
	unlock(0);
	return unused;
}
static void *stale_and_back_b(void *unused)
{
	gate_wait(&a_done, 1);
	lock(0);
	if (racy)
		remove_b();
	else
		remove_by_iterator();
	unlock(0);
	gate_open(&changed_gate);
	return unused;
}

/* ---- the same without an order: data races ------------------------------------------------------------------------------ */

/* B's change comes after A began, in order, and before A's next step, in none. */
static void *step_after_change_a(void *unused)
{
	lock(0);
	begin_a();
	unlock(0);
	gate_open(&a_done);
	gate_wait(&changed_gate, 1);
	lock(0);
	if (!racy)
		begin_a();
	step_a();
	unlock(0);
	return unused;
}
static void *step_after_change_b(void *unused)
{
	gate_wait(&a_done, 1);
	lock(0);
	if (!racy)
		insert_b();
	unlock(0);
	if (racy)
		insert_b();
	gate_open(&changed_gate);
	return unused;
}

/* The iterator that A began is stepped by B; A changes the map after it has let go of the lock. */
static void *handed_on_a(void *unused)
{
	lock(0);
	if (!racy)
		insert_a();
	begin_a();
	unlock(0);
	if (racy)
		insert_a();
	gate_open(&a_done);
	return unused;
}
static void *handed_on_b(void *unused)
{
	gate_wait(&a_done, 1);
	lock(0);
	step_b();
	unlock(0);
	return unused;
}

/* ---- resizes ----------------------------------------------------------------------------------------------------------- */

/* The table grows while a look-up is inside: its hash function waits. Another look-up of this thread came before, so that
 * the growing side reports that one and the look-up itself finds the growth at its end. */
static guint hash_stops(gconstpointer key)
{
	if (GPOINTER_TO_INT(key) == 99) {
		gate_open(&inside);
		if (racy)
			gate_wait(&changed_gate, 1);
	}
	return GPOINTER_TO_UINT(key);
}
static void *resize_during_lookup_a(void *unused)
{
	lock(0);
	lookup_first();
	lookup_slow();
	unlock(0);
	gate_open(&inside);
	return unused;
}
static void *resize_during_lookup_b(void *unused)
{
	gate_wait(&inside, racy ? 1 : 2);
	lock(racy);
	fill_b();
	unlock(racy);
	gate_open(&changed_gate);
	return unused;
}

/* g_hash_table_remove_all makes the table small, then calls the destroy notifies: a look-up comes meanwhile. */
static void value_stops(gpointer value)
{
	gate_open(&inside);
	if (racy)
		gate_wait(&changed_gate, 1);
}
static void *resize_during_clear_a(void *unused)
{
	lock(0);
	empty_a();
	unlock(0);
	gate_open(&a_done);
	return unused;
}
static void *resize_during_clear_b(void *unused)
{
	if (racy)
		gate_wait(&inside, 1);
	else
		gate_wait(&a_done, 1);
	lock(racy);
	lookup_b();
	unlock(racy);
	gate_open(&changed_gate);
	return unused;
}

LOCK_TWINS(resize_after_fill, fill_a(), lookup_b())

/* GLib itself may notice a stale iterator, and says so. */
static void say_nothing(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data)
{
}

static const struct scenario list[] = {
	SIDES(stale_after_insert), SIDES(stale_after_remove), SIDES(stale_not_by_last_write), SIDES(stale_handed_on),
	SIDES(stale_and_back), SIDES(step_after_change), SIDES(handed_on), SIDES(resize_during_lookup), SIDES(resize_during_clear),
	SIDES(resize_after_fill),
};

int main(int argc, char **argv)
{
	int many = argc > 1 && !strcmp(argv[1], "resize_during_clear");

	g_log_set_default_handler(say_nothing, NULL);
	table = g_hash_table_new_full(hash_stops, NULL, NULL, many ? value_stops : NULL);
	for (int i = 1; i <= (many ? 40 : 4); i++)
		g_hash_table_insert(table, GINT_TO_POINTER(i), i == 1 ? &table : NULL);
	return twins_main(argc, argv, list, sizeof(list) / sizeof(*list));
}
