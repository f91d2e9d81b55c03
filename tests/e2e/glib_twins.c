/* SPDX-License-Identifier: MIT */
/* glib_twins.c - GLib's own synchronisation, used rightly and (racy) wrongly, around a GHashTable. See twins.h. */
#include <gio/gio.h>

#include "twins.h"

static GHashTable *table;

static __attribute__((noinline)) void insert_a(void)
{
	g_hash_table_insert(table, GINT_TO_POINTER(1), NULL);
	KEEP(insert_a);
}
static __attribute__((noinline)) void insert_b(void)
{
	g_hash_table_insert(table, GINT_TO_POINTER(2), NULL);
	KEEP(insert_b);
}
static __attribute__((noinline)) void lookup_b(void)
{
	g_hash_table_lookup(table, GINT_TO_POINTER(2));
	KEEP(lookup_b);
}
#define touch_a insert_a
#define touch_b insert_b
#define look_b lookup_b

static GMutex mutex[2];
static GRecMutex rec_mutex[2];
static GRWLock rwlock[2];
static GCond cond;
static GAsyncQueue *queue;
static gboolean ready;
static struct gate b_waits;

LOCKED(g_mutex, g_mutex_lock(&mutex[L]), touch_a(), g_mutex_unlock(&mutex[L]), g_mutex_lock(&mutex[L]), touch_b(),
       g_mutex_unlock(&mutex[L]))
LOCKED(g_mutex_trylock, g_mutex_trylock(&mutex[L]), touch_a(), g_mutex_unlock(&mutex[L]),
	g_mutex_trylock(&mutex[L]), touch_b(),
       g_mutex_unlock(&mutex[L]))
LOCKED(g_rec_mutex, g_rec_mutex_lock(&rec_mutex[L]), touch_a(), g_rec_mutex_unlock(&rec_mutex[L]),
       g_rec_mutex_lock(&rec_mutex[L]), touch_b(), g_rec_mutex_unlock(&rec_mutex[L]))
LOCKED(g_rw_lock_writer, g_rw_lock_writer_lock(&rwlock[L]), touch_a(), g_rw_lock_writer_unlock(&rwlock[L]),
       g_rw_lock_writer_lock(&rwlock[L]), touch_b(), g_rw_lock_writer_unlock(&rwlock[L]))
LOCKED(g_rw_lock_reader, g_rw_lock_writer_lock(&rwlock[L]), touch_a(), g_rw_lock_writer_unlock(&rwlock[L]),
       g_rw_lock_reader_lock(&rwlock[L]), look_b(), g_rw_lock_reader_unlock(&rwlock[L]))
LOCKED(g_rw_lock_reader_trylock, g_rw_lock_writer_trylock(&rwlock[L]), touch_a(), g_rw_lock_writer_unlock(&rwlock[L]),
       g_rw_lock_reader_trylock(&rwlock[L]), look_b(), g_rw_lock_reader_unlock(&rwlock[L]))
/* a write under the read lock */
LOCKED(g_rw_lock_write_under_read_lock, g_rw_lock_reader_lock(&rwlock[0]), (void)(racy ? touch_a() : look_b()),
       g_rw_lock_reader_unlock(&rwlock[0]), g_rw_lock_reader_lock(&rwlock[0]), look_b(),
       	g_rw_lock_reader_unlock(&rwlock[0]))

static gint bits[2];
LOCKED(g_bit_lock, g_bit_lock(&bits[L], 0), touch_a(), g_bit_unlock(&bits[L], 0), g_bit_lock(&bits[L], 0), touch_b(),
       g_bit_unlock(&bits[L], 0))

HANDOVER(g_async_queue, g_async_queue_push(queue, &queue), g_async_queue_pop(queue))
HANDOVER(g_async_queue_try_pop, g_async_queue_push(queue, &queue), g_async_queue_try_pop(queue))
HANDOVER(g_async_queue_timeout_pop, g_async_queue_push(queue, &queue), g_async_queue_timeout_pop(queue, 100000000))
HANDOVER(g_async_queue_push_front, g_async_queue_push_front(queue, &queue), g_async_queue_pop(queue))

static void *g_cond_a(void *unused)
{
	gate_wait(&b_waits, 1);
	g_mutex_lock(&mutex[0]);
	if (!racy)
		touch_a();
	ready = TRUE;
	g_cond_signal(&cond);
	g_mutex_unlock(&mutex[0]);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *g_cond_b(void *unused)
{
	g_mutex_lock(&mutex[0]);
	touch_b();
	gate_open(&b_waits);
	while (!ready)
		g_cond_wait(&cond, &mutex[0]);
	g_mutex_unlock(&mutex[0]);
	gate_wait(&a_done, 1);
	look_b();
	return unused;
}
static void *g_cond_until_a(void *unused)
{
	return g_cond_a(unused);
}
static void *g_cond_until_b(void *unused)
{
	g_mutex_lock(&mutex[0]);
	touch_b();
	gate_open(&b_waits);
	while (!ready)
		g_cond_wait_until(&cond, &mutex[0], g_get_monotonic_time() + 100 * G_TIME_SPAN_SECOND);
	g_mutex_unlock(&mutex[0]);
	gate_wait(&a_done, 1);
	look_b();
	return unused;
}

static gpointer once_touch(gpointer how)
{
	if (how)
		touch_a();
	return &ready;
}
static GOnce once = G_ONCE_INIT;
static void *g_once_a(void *unused)
{
	g_once(&once, once_touch, racy ? NULL : &ready);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *g_once_b(void *unused)
{
	gate_wait(&a_done, 1);
	g_once(&once, once_touch, NULL);
	touch_b();
	return unused;
}

static gsize once_init;
static void *g_once_init_a(void *unused)
{
	if (g_once_init_enter(&once_init)) {
		if (!racy)
			touch_a();
		g_once_init_leave(&once_init, 1);
	}
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *g_once_init_b(void *unused)
{
	gate_wait(&a_done, 1);
	if (g_once_init_enter(&once_init))
		abort();
	touch_b();
	return unused;
}

static gpointer touches(gpointer unused)
{
	touch_a();
	gate_open(&a_done);
	return unused;
}
static void *g_thread_join_alone(void *unused)
{
	GThread *t = g_thread_new("worker", touches, NULL);

	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	g_thread_join(t);
	if (!racy)
		touch_b();
	return unused;
}

/* ---- pool: pushing orders the worker, freeing the pool (with wait) orders whoever freed it ----------------------- */

static struct gate main_done;
static void pool_work(gpointer data, gpointer unused)
{
	gate_wait(&main_done, 1);
	touch_a();
	gate_open(&a_done);
}
static void *g_thread_pool_push_alone(void *unused)
{
	GThreadPool *pool = g_thread_pool_new(pool_work, NULL, 1, TRUE, NULL);

	if (!racy)
		touch_b();
	g_thread_pool_push(pool, &ready, NULL);
	if (racy)
		touch_b();
	gate_open(&main_done);
	g_thread_pool_free(pool, FALSE, TRUE);
	return unused;
}
static void *g_thread_pool_free_alone(void *unused)
{
	GThreadPool *pool = g_thread_pool_new(pool_work, NULL, 1, FALSE, NULL);

	gate_open(&main_done);
	g_thread_pool_push(pool, &ready, NULL);
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	g_thread_pool_free(pool, FALSE, TRUE);
	if (!racy)
		touch_b();
	return unused;
}

/* ---- main loop: a source attached by one thread runs in the loop's thread ---------------------------------------- */

static GMainLoop *loop;
static struct gate loop_runs;
static gboolean idle_running(gpointer unused)
{
	gate_open(&loop_runs); /* from now on main owns the context: nobody else can run what is given to it */
	return G_SOURCE_REMOVE;
}
static gboolean idle_touches(gpointer unused)
{
	gate_wait(&a_done, 1);
	touch_b();
	g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}
#define LOOP_TWINS(name, give)                                                                                       \
	static gpointer name##_giver(gpointer unused)                                                                \
	{                                                                                                            \
		gate_wait(&loop_runs, 1);                                                                            \
		if (!racy)                                                                                           \
			touch_a();                                                                                   \
		give;                                                                                                \
		if (racy)                                                                                            \
			touch_a();                                                                                   \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_alone(void *unused)                                                                      \
	{                                                                                                            \
		GThread *t;                                                                                          \
		loop = g_main_loop_new(NULL, FALSE);                                                                 \
		g_idle_add(idle_running, NULL);                                                                      \
		t = g_thread_new("giver", name##_giver, NULL);                                                       \
		g_main_loop_run(loop);                                                                               \
		g_thread_join(t);                                                                                    \
		g_main_loop_unref(loop);                                                                             \
		return unused;                                                                                       \
	}
LOOP_TWINS(g_idle_add, g_idle_add(idle_touches, NULL))
LOOP_TWINS(g_timeout_add, g_timeout_add(1, idle_touches, NULL))
LOOP_TWINS(g_main_context_invoke, g_main_context_invoke(NULL, idle_touches, NULL))
LOOP_TWINS(g_source_attach, {
	GSource *source = g_idle_source_new();
	g_source_set_callback(source, idle_touches, NULL, NULL);
	g_source_attach(source, NULL);
	g_source_unref(source);
})

/* ---- GTask: a result orders the callback in the thread that started the task ----------------------------------- */

static gpointer task_giver(gpointer task)
{
	if (!racy)
		touch_a();
	g_task_return_pointer(task, &ready, NULL);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return NULL;
}
static void task_done(GObject *source, GAsyncResult *result, gpointer data)
{
	g_task_propagate_pointer(G_TASK(result), NULL);
	gate_wait(&a_done, 1);
	touch_b();
	g_main_loop_quit(loop);
}
static void *g_task_return_alone(void *unused)
{
	GTask *task;
	GThread *t;

	loop = g_main_loop_new(NULL, FALSE);
	task = g_task_new(NULL, NULL, task_done, NULL);
	t = g_thread_new("giver", task_giver, task);
	g_main_loop_run(loop);
	g_thread_join(t);
	g_object_unref(task);
	g_main_loop_unref(loop);
	return unused;
}
static void task_start_work(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	gate_wait(&main_done, 1);
	touch_a();
	gate_open(&a_done);
	g_task_return_boolean(task, TRUE);
}
static void task_start_done(GObject *source, GAsyncResult *result, gpointer data)
{
	g_main_loop_quit(loop);
}
/* In the task's own thread the callback comes after the whole work, not only after the result: no race here either. */
static void task_late_work(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	gate_wait(&main_done, 1); /* main is out of GLib: each drop of a reference in there is an edge */
	g_task_return_pointer(task, &ready, NULL);
	touch_a();
	gate_open(&a_done);
}
static void task_late_done(GObject *source, GAsyncResult *result, gpointer data)
{
	g_task_propagate_pointer(G_TASK(result), NULL);
	if (!racy)
		touch_b();
	g_main_loop_quit(loop);
}
static void *g_task_thread_work_alone(void *unused)
{
	GTask *task;

	loop = g_main_loop_new(NULL, FALSE);
	task = g_task_new(NULL, NULL, task_late_done, NULL);
	g_task_run_in_thread(task, task_late_work);
	gate_open(&main_done);
	if (racy) {
		gate_wait(&a_done, 1);
		touch_b(); /* before the loop has brought the result */
	}
	g_object_unref(task);
	g_main_loop_run(loop);
	g_main_loop_unref(loop);
	return unused;
}
static void *g_task_run_alone(void *unused)
{
	GTask *task;

	loop = g_main_loop_new(NULL, FALSE);
	task = g_task_new(NULL, NULL, task_start_done, NULL);
	if (!racy)
		touch_b();
	g_task_run_in_thread(task, task_start_work);
	if (racy)
		touch_b();
	gate_open(&main_done);
	g_object_unref(task);
	g_main_loop_run(loop);
	g_main_loop_unref(loop);
	return unused;
}
/* Blocking form: a result is an edge to the waiting thread, and to no other. */
static void *g_task_run_in_thread_sync_a(void *unused)
{
	GTask *task = g_task_new(NULL, NULL, NULL, NULL);

	gate_open(&main_done);
	g_task_run_in_thread_sync(task, task_start_work);
	if (!racy)
		touch_b();
	g_object_unref(task);
	gate_open(&b_waits);
	return unused;
}
static void *g_task_run_in_thread_sync_b(void *unused)
{
	gate_wait(&b_waits, 1);
	if (racy)
		touch_b();
	return unused;
}

/* ---- last unref acquires: whoever drops the last reference sees what the others did with the object -------------- */

static void *g_hash_table_unref_a(void *unused)
{
	touch_a();
	if (!racy)
		g_hash_table_unref(table);
	gate_open(&a_done);
	return unused;
}
static void *g_hash_table_unref_b(void *unused)
{
	gate_wait(&a_done, 1);
	g_hash_table_unref(table);
	if (racy)
		g_hash_table_unref(table);
	return unused;
}

static const struct scenario list[] = {
	SIDES(g_mutex), SIDES(g_mutex_trylock), SIDES(g_rec_mutex), SIDES(g_rw_lock_writer), SIDES(g_rw_lock_reader),
	SIDES(g_rw_lock_reader_trylock), SIDES(g_rw_lock_write_under_read_lock), SIDES(g_bit_lock),
		SIDES(g_async_queue),
	SIDES(g_async_queue_try_pop), SIDES(g_async_queue_timeout_pop), SIDES(g_async_queue_push_front), SIDES(g_cond),
	SIDES(g_cond_until), SIDES(g_once), SIDES(g_once_init), ALONE(g_thread_join), ALONE(g_thread_pool_push),
	ALONE(g_thread_pool_free), ALONE(g_idle_add), ALONE(g_timeout_add), ALONE(g_main_context_invoke),
		ALONE(g_source_attach),
	ALONE(g_task_return), ALONE(g_task_thread_work), ALONE(g_task_run), SIDES(g_task_run_in_thread_sync),
		SIDES(g_hash_table_unref),
};

int main(int argc, char **argv)
{
	table = g_hash_table_new(NULL, NULL);
	if (argc > 1 && !strncmp(argv[1], "g_hash_table_unref", 18))
		g_hash_table_ref(table);
	queue = g_async_queue_new();
	return twins_main(argc, argv, list, sizeof list / sizeof *list);
}
