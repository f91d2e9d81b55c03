/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * glib_tail_twins.c - callbacks of GLib whose last call the compiler made a jump (at -O2): the called function returns into
 * libglib, or into librace, and is the program's call all the same. See twins.h.
 */
#include <glib.h>

#include "family.h"

static GHashTable *table;
static GMutex locks[2];
static GRecMutex rec_locks[2];
static GAsyncQueue *queue;

ACCESS(insert_a, g_hash_table_insert(table, GINT_TO_POINTER(1), NULL))
ACCESS(insert_b, g_hash_table_insert(table, GINT_TO_POINTER(2), NULL))

static gboolean is_side_b(gpointer side)
{
	return GPOINTER_TO_INT(side) == 2;
}

static void insert(gpointer side)
{
	if (is_side_b(side))
		insert_b();
	else
		insert_a();
}

/* What each callback's last call is, is the point: no statement may follow it. */
static void under_mutex(gpointer side, gpointer unused)
{
	GMutex *lock = &locks[racy && is_side_b(side)];

	g_mutex_lock(lock);
	insert(side);
	g_mutex_unlock(lock);
}

static void under_rec_mutex(gpointer side, gpointer unused)
{
	GRecMutex *lock = &rec_locks[racy && is_side_b(side)];

	g_rec_mutex_lock(lock);
	insert(side);
	g_rec_mutex_unlock(lock);
}

static void then_push(gpointer side, gpointer unused)
{
	insert(side);
	g_async_queue_push(queue, &queue);
}

static void just_lock(gpointer lock, gpointer unused)
{
	g_mutex_lock(lock);
}

static void just_unlock(gpointer lock, gpointer unused)
{
	g_mutex_unlock(lock);
}

/* libglib itself calls back. */
static void called_by_glib(GFunc f, gpointer data)
{
	GSList *one = g_slist_append(NULL, data);

	g_slist_foreach(one, f, NULL);
	g_slist_free(one);
}

#define CALLED_BACK(name, f)                                                                                         \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		called_by_glib(f, GINT_TO_POINTER(1));                                                                    \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&a_done, 1);                                                                               \
		called_by_glib(f, GINT_TO_POINTER(2));                                                                    \
		return unused;                                                                                       \
	}

CALLED_BACK(write_write_mutex, under_mutex)
CALLED_BACK(write_write_rec_mutex, under_rec_mutex)

/* librace calls back: it stands between a pool and its function. Two pools, under one lock in the silent twin. */
static void *pools_alone(void *unused)
{
	GThreadPool *pools[2];

	for (int i = 0; i < 2; i++) {
		pools[i] = g_thread_pool_new(under_mutex, NULL, 1, TRUE, NULL);
		g_thread_pool_push(pools[i], GINT_TO_POINTER(i + 1), NULL);
	}
	for (int i = 0; i < 2; i++)
		g_thread_pool_free(pools[i], FALSE, TRUE);
	return unused;
}

static void *push_a(void *unused)
{
	called_by_glib(then_push, GINT_TO_POINTER(1));
	gate_open(&a_done);
	return unused;
}
static void *push_b(void *unused)
{
	gate_wait(&a_done, 1);
	if (racy)
		insert_b();
	g_async_queue_pop(queue);
	if (!racy)
		insert_b();
	return unused;
}

/* Lock and unlock are whole callbacks. */
static void lock_calls(gpointer lock, void (*access)(void))
{
	called_by_glib(just_lock, lock);
	access();
	called_by_glib(just_unlock, lock);
}
static void *whole_a(void *unused)
{
	lock_calls(&locks[0], insert_a);
	gate_open(&a_done);
	return unused;
}
static void *whole_b(void *unused)
{
	gate_wait(&a_done, 1);
	lock_calls(&locks[racy], insert_b);
	return unused;
}

static const struct scenario list[] = {
	SIDES(write_write_mutex), SIDES(write_write_rec_mutex), ALONE(pools), SIDES(push), SIDES(whole),
};

int main(int argc, char **argv)
{
	table = g_hash_table_new(NULL, NULL);
	queue = g_async_queue_new();
	return twins_main(argc, argv, list, sizeof(list) / sizeof(*list));
}
