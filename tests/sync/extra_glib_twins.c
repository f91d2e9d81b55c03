/* SPDX-License-Identifier: MIT */
/* BUILD: gio-2.0 gio-unix-2.0 */
/*
 * extra_glib_twins.c - queues, bit locks, old reader-writer locks, reference counts, tasks and main contexts of GLib, one half of an
 * edge at a time.
 */
#include "after.h"
#include "unseen.h"

#define GLIB_DISABLE_DEPRECATION_WARNINGS
#include <gio/gio.h>
#include <glib-unix.h>


/* ---- queues ---- */

static GAsyncQueue *queue;
static int item;
static GTimeVal when;

static gint compare(gconstpointer a, gconstpointer b, gpointer unused)
{
	return a < b ? -1 : a > b;
}

static GTimeVal *later(void)
{
	g_get_current_time(&when);
	g_time_val_add(&when, 100000000);
	return &when;
}

#define Q_LOCK g_async_queue_lock(queue)
#define Q_UNLOCK g_async_queue_unlock(queue)
#define PUSH g_async_queue_push(queue, &item)
#define POP g_async_queue_pop(queue)
#define LENGTH g_async_queue_length(queue)
HANDOVER(q_push_unlocked, g_async_queue_push_unlocked(queue, &item), POP)
HANDOVER(q_push_front_unlocked, g_async_queue_push_front_unlocked(queue, &item), POP)
HANDOVER(q_push_sorted, g_async_queue_push_sorted(queue, &item, compare, NULL), POP)
HANDOVER(q_push_sorted_unlocked, g_async_queue_push_sorted_unlocked(queue, &item, compare, NULL), POP)
HANDOVER(q_pop_unlocked, PUSH, g_async_queue_pop_unlocked(queue))
HANDOVER(q_try_pop_unlocked, PUSH, g_async_queue_try_pop_unlocked(queue))
HANDOVER(q_timeout_pop_unlocked, PUSH, g_async_queue_timeout_pop_unlocked(queue, 100000000))
HANDOVER(q_timed_pop, PUSH, g_async_queue_timed_pop(queue, later()))
HANDOVER(q_timed_pop_unlocked, PUSH, g_async_queue_timed_pop_unlocked(queue, later()))
HANDOVER(q_remove, PUSH, g_async_queue_remove(queue, &item))
HANDOVER(q_remove_unlocked, PUSH, g_async_queue_remove_unlocked(queue, &item))
/* The length tells what was pushed, and what is gone. */
HANDOVER(q_length, PUSH, LENGTH)
HANDOVER(q_length_unlocked, PUSH, g_async_queue_length_unlocked(queue))
AFTER(q_popped, PUSH, POP, LENGTH)
AFTER(q_popped_asked_unlocked, PUSH, POP, g_async_queue_length_unlocked(queue))
AFTER(q_popped_unlocked, PUSH, g_async_queue_pop_unlocked(queue), LENGTH)
AFTER(q_try_popped, PUSH, g_async_queue_try_pop(queue), LENGTH)
AFTER(q_try_popped_unlocked, PUSH, g_async_queue_try_pop_unlocked(queue), LENGTH)
AFTER(q_timeout_popped, PUSH, g_async_queue_timeout_pop(queue, 100000000), LENGTH)
AFTER(q_timeout_popped_unlocked, PUSH, g_async_queue_timeout_pop_unlocked(queue, 100000000), LENGTH)
AFTER(q_timed_popped, PUSH, g_async_queue_timed_pop(queue, later()), LENGTH)
AFTER(q_timed_popped_unlocked, PUSH, g_async_queue_timed_pop_unlocked(queue, later()), LENGTH)
AFTER(q_removed, PUSH, g_async_queue_remove(queue, &item), LENGTH)
AFTER(q_removed_unlocked, PUSH, g_async_queue_remove_unlocked(queue, &item), LENGTH)
/* Dropping a reference. */
AFTER(q_unref, g_async_queue_ref(queue), g_async_queue_unref(queue), g_async_queue_unref(queue))
AFTER(q_unref_asked, g_async_queue_ref(queue), g_async_queue_unref(queue), LENGTH)
AFTER(q_unref_push, (void)0, PUSH, g_async_queue_unref(queue))
AFTER(q_unlock_unref, g_async_queue_ref(queue); Q_LOCK, g_async_queue_unref_and_unlock(queue), Q_LOCK; Q_UNLOCK)
AFTER(q_unref_unlock_asked, g_async_queue_ref(queue); Q_LOCK, g_async_queue_unref_and_unlock(queue), LENGTH)
AFTER(q_unref_unlock_push, g_async_queue_ref(queue), PUSH, Q_LOCK; g_async_queue_unref_and_unlock(queue))
AFTER(q_unref_unlock_popped, g_async_queue_ref(queue); PUSH, POP, Q_LOCK; g_async_queue_unref_and_unlock(queue))
AFTER(q_locked, Q_LOCK, Q_UNLOCK, Q_LOCK)

GIVEN(q_given, Q_LOCK, Q_UNLOCK, Q_LOCK)
GIVEN(q_given_unref, g_async_queue_ref(queue); Q_LOCK, g_async_queue_unref_and_unlock(queue), Q_LOCK)

/* ---- locks ---- */

static gint bits;
static gpointer pointer;
#define BIT g_bit_lock(&bits, 0)
#define UNBIT g_bit_unlock(&bits, 0)
#define PBIT g_pointer_bit_lock(&pointer, 0)
#define UNPBIT g_pointer_bit_unlock(&pointer, 0)
AFTER(bit_trylock, BIT, UNBIT, (void)g_bit_trylock(&bits, 0))
AFTER(pointer_bit, PBIT, UNPBIT, PBIT)
AFTER(pointer_bit_trylock, PBIT, UNPBIT, g_pointer_bit_trylock(&pointer, 0))

static GStaticRWLock srw = G_STATIC_RW_LOCK_INIT;
#define SREAD g_static_rw_lock_reader_lock(&srw)
#define SUNREAD g_static_rw_lock_reader_unlock(&srw)
#define SWRITE g_static_rw_lock_writer_lock(&srw)
#define SUNWRITE g_static_rw_lock_writer_unlock(&srw)
AFTER(srw_write_write, SWRITE, SUNWRITE, SWRITE)
AFTER(srw_write_read, SWRITE, SUNWRITE, SREAD)
AFTER(srw_write_tryread, SWRITE, SUNWRITE, g_static_rw_lock_reader_trylock(&srw))
AFTER(srw_write_trywrite, SWRITE, SUNWRITE, g_static_rw_lock_writer_trylock(&srw))
AFTER(srw_read_write, SREAD, SUNREAD, SWRITE)
AFTER(srw_read_trywrite, SREAD, SUNREAD, g_static_rw_lock_writer_trylock(&srw))

GIVEN(srw_write_given, SWRITE, SUNWRITE, SREAD)
GIVEN(srw_read_given, SREAD, SUNREAD, SREAD)

/* ---- counts ---- */

static gatomicrefcount count;
static char *box;
static GObject *object;
#define BOX box = g_atomic_rc_box_alloc(16), (void)g_atomic_rc_box_acquire(box)
AFTER(count_dec_two, (g_atomic_ref_count_init(&count), g_atomic_ref_count_inc(&count)), (void)g_atomic_ref_count_dec(&count),
      (void)g_atomic_ref_count_dec(&count))
AFTER(box_release, BOX, g_atomic_rc_box_release(box), g_atomic_rc_box_release(box))
AFTER(box_release_full, BOX, g_atomic_rc_box_release_full(box, NULL), g_atomic_rc_box_release_full(box, NULL))
#define OBJECT (object = g_object_new(G_TYPE_OBJECT, NULL), (void)g_object_ref(object))
AFTER(object_unref, OBJECT, g_object_unref(object), g_object_unref(object))

/* ---- flags ---- */

static GCancellable *cancel;
AFTER(cancelled, cancel = g_cancellable_new(), g_cancellable_cancel(cancel), (void)g_cancellable_is_cancelled(cancel))
static GError *error;
AFTER(cancelled_error, cancel = g_cancellable_new(), g_cancellable_cancel(cancel),
      (void)g_cancellable_set_error_if_cancelled(cancel, &error))

/* ---- tasks: what returns, and what asks for the result, on other threads than the task's own ---- */

static GTask *task;
static GValue value = G_VALUE_INIT;
static void task_touch(GTask *t, gpointer source, gpointer data, GCancellable *c)
{
	if (racy)
		gate_wait(&a_done, 1);
	touch_b();
	gate_open(&b_waits);
}
#define TASK (task = g_task_new(NULL, NULL, NULL, NULL))
#define TASK_CANCELLED (cancel = g_cancellable_new(), g_cancellable_cancel(cancel), task = g_task_new(NULL, cancel, NULL, NULL))
#define INT_VALUE g_value_init(&value, G_TYPE_INT)
AFTER(task_pointer, TASK, g_task_return_pointer(task, NULL, NULL), g_task_propagate_pointer(task, NULL))
AFTER(task_boolean, TASK, g_task_return_boolean(task, TRUE), g_task_propagate_boolean(task, NULL))
AFTER(task_int, TASK, g_task_return_int(task, 1), g_task_propagate_int(task, NULL))
AFTER(task_value, (TASK, INT_VALUE), g_task_return_value(task, &value),
      GValue out = G_VALUE_INIT; g_task_propagate_value(task, &out, NULL))
AFTER(task_error, TASK, g_task_return_error(task, g_error_new_literal(G_IO_ERROR, 1, "")), g_task_propagate_pointer(task, NULL))
AFTER(task_completed, TASK, g_task_return_boolean(task, TRUE); g_main_context_iteration(NULL, FALSE), (void)g_task_get_completed(task))
AFTER(task_cancelled, TASK_CANCELLED, g_task_return_error_if_cancelled(task), g_task_propagate_pointer(task, NULL))

static void *task_run_alone(void *unused)
{
	TASK;
	if (!racy)
		touch_a();
	g_task_run_in_thread(task, task_touch);
	if (racy)
		touch_a();
	gate_open(&a_done);
	gate_wait(&b_waits, 1);
	return unused;
}
static void task_a(GTask *t, gpointer source, gpointer data, GCancellable *c)
{
	touch_a();
	gate_open(&b_waits);
	if (racy) /* what GLib does once in here would be known to everybody */
		gate_wait(&a_done, 1);
	g_task_return_boolean(t, TRUE);
}
static void *task_run_sync_alone(void *unused)
{
	TASK;
	if (racy) {
		g_task_run_in_thread(task, task_a);
		gate_wait(&b_waits, 1);
	} else {
		touch_b();
		g_task_run_in_thread_sync(task, task_a);
	}
	touch_b();
	gate_open(&a_done);
	return unused;
}

/* ---- pools ---- */

static GThreadPool *pool;
static void pool_touch(gpointer data, gpointer unused)
{
	if (data == &item)
		touch_a();
	gate_open(&b_waits);
}
static void pool_begin(void)
{
	pool = g_thread_pool_new(pool_touch, NULL, 1, TRUE, NULL);
	g_thread_pool_push(pool, &item, NULL);
	gate_wait(&b_waits, 1);
}
#define POOL_ASKED(name, ask)                                                                                        \
	static void *name##_alone(void *unused)                                                                      \
	{                                                                                                            \
		pool_begin();                                                                                        \
		/* the run is over, by an order that is not seen, once the next one has begun */                     \
		if (!racy) {                                                                                         \
			g_thread_pool_push(pool, &pool, NULL);                                                       \
			gate_wait(&b_waits, 2);                                                                      \
			ask;                                                                                         \
		}                                                                                                    \
		touch_b();                                                                                           \
		return unused;                                                                                       \
	}
POOL_ASKED(pool_unprocessed, g_thread_pool_unprocessed(pool))
POOL_ASKED(pool_threads, g_thread_pool_get_num_threads(pool))
POOL_ASKED(pool_free, g_thread_pool_free(pool, FALSE, TRUE))

/* What is dropped from a pool is freed by its thread, which began its last run before the push. */
static void pool_drop(gpointer data)
{
	touch_b();
	gate_open(&b_waits);
}
static void pool_slow(gpointer data, gpointer unused)
{
	gate_open(&b_waits);
	gate_wait(&a_done, 1);
}
static void *pool_dropped_alone(void *unused)
{
	pool = g_thread_pool_new_full(pool_slow, NULL, pool_drop, 1, TRUE, NULL);
	g_thread_pool_push(pool, &item, NULL);
	gate_wait(&b_waits, 1);
	if (!racy)
		touch_a();
	g_thread_pool_push(pool, &pool, NULL);
	g_thread_pool_free(pool, TRUE, FALSE);
	if (racy)
		touch_a();
	gate_open(&a_done);
	gate_wait(&b_waits, 2);
	return unused;
}
static void pool_nothing(gpointer data, gpointer unused)
{
}
AFTER(pool_pushed_free, pool = g_thread_pool_new(pool_nothing, NULL, 1, TRUE, NULL), g_thread_pool_push(pool, &item, NULL),
      g_thread_pool_free(pool, FALSE, FALSE))

/* More pools than librace has records. */
static void pool_b(gpointer data, gpointer unused)
{
	gate_wait(&a_done, 1);
	touch_b();
	gate_open(&b_waits);
}
static void *pool_many_alone(void *unused)
{
	for (int i = 0; i < 1 << 16; i++) /* they have no threads yet */
		g_thread_pool_new(pool_nothing, NULL, 1, FALSE, NULL);
	pool = g_thread_pool_new(pool_b, NULL, 1, TRUE, NULL);
	if (!racy)
		touch_a();
	g_thread_pool_push(pool, &item, NULL);
	if (racy)
		touch_a();
	gate_open(&a_done);
	gate_wait(&b_waits, 1);
	return unused;
}

/* ---- owners of a table ---- */

static GHashTable *table;
static GTree *tree;
AFTER(hash_destroy_last, (void)0, g_hash_table_unref(table), g_hash_table_destroy(table))
AFTER(hash_destroy_first, (void)0, g_hash_table_destroy(table), g_hash_table_unref(table))
AFTER(tree_destroy_last, (void)0, g_tree_unref(tree), g_tree_destroy(tree))
AFTER(tree_destroy_first, (void)0, g_tree_destroy(tree), g_tree_unref(tree))

static const struct scenario list[] = {
	ALONE(pool_dropped), SIDES(pool_pushed_free), ALONE(pool_many), SIDES(hash_destroy_last),
	SIDES(hash_destroy_first),
	SIDES(tree_destroy_last), SIDES(tree_destroy_first),
	SIDES(q_push_unlocked), SIDES(q_push_front_unlocked), SIDES(q_push_sorted), SIDES(q_push_sorted_unlocked),
	SIDES(q_pop_unlocked),
	SIDES(q_try_pop_unlocked), SIDES(q_timeout_pop_unlocked), SIDES(q_timed_pop), SIDES(q_timed_pop_unlocked),
	SIDES(q_remove),
	SIDES(q_remove_unlocked), SIDES(q_length), SIDES(q_length_unlocked), SIDES(q_popped),
	SIDES(q_popped_asked_unlocked),
	SIDES(q_popped_unlocked), SIDES(q_try_popped), SIDES(q_try_popped_unlocked), SIDES(q_timeout_popped),
	SIDES(q_timeout_popped_unlocked),
	SIDES(q_timed_popped), SIDES(q_timed_popped_unlocked), SIDES(q_removed), SIDES(q_removed_unlocked),
	SIDES(q_unref),
	SIDES(q_unref_asked), SIDES(q_unref_push), SIDES(q_unlock_unref), SIDES(q_unref_unlock_asked),
	SIDES(q_unref_unlock_push), SIDES(q_unref_unlock_popped), SIDES(q_locked), SIDES(q_given),
	SIDES(q_given_unref), SIDES(bit_trylock), SIDES(pointer_bit), SIDES(pointer_bit_trylock),
	SIDES(srw_write_write), SIDES(srw_write_read), SIDES(srw_write_tryread), SIDES(srw_write_trywrite),
	SIDES(srw_read_write),
	SIDES(srw_read_trywrite), SIDES(srw_write_given), SIDES(srw_read_given), SIDES(count_dec_two),
	SIDES(box_release), SIDES(box_release_full),
	SIDES(object_unref), SIDES(cancelled), SIDES(cancelled_error), SIDES(task_pointer), SIDES(task_boolean),
	SIDES(task_int), SIDES(task_value),
	SIDES(task_error), SIDES(task_cancelled), SIDES(task_completed), ALONE(task_run), ALONE(task_run_sync),
	ALONE(pool_unprocessed), ALONE(pool_threads),
	ALONE(pool_free),
};

int main(int argc, char **argv)
{
	queue = g_async_queue_new();
	table = g_hash_table_ref(g_hash_table_new(NULL, NULL));
	tree = g_tree_ref(g_tree_new_full(compare, NULL, NULL, NULL));
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
