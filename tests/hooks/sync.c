/* SPDX-License-Identifier: MIT */
/* sync.c - GLib's synchronisation beyond its plain locks: main contexts, sources of all makes, pools, references. See
 * twins.h. */
#define GLIB_DISABLE_DEPRECATION_WARNINGS 1
#include <gio/gio.h>
#include <glib-unix.h>

#include "../e2e/twins.h"

static GMainContext *context;
static GMainLoop *loop;
static struct gate gave, owned, over;

/* ---- a loop on a thread of its own; A gives it something to run that touches ----------------------------------- */

static gboolean owns(gpointer unused)
{
	gate_open(&owned);
	return G_SOURCE_REMOVE;
}

static gboolean runs(gpointer unused)
{
	gate_wait(&gave, 1); /* A is done with what it does after giving */
	touch_b();
	g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

static gpointer loop_thread(gpointer unused)
{
	GSource *s = g_idle_source_new();

	g_main_context_push_thread_default(context);
	g_source_set_callback(s, owns, NULL, NULL);
	g_source_attach(s, context);
	g_source_unref(s);
	g_main_loop_run(loop);
	g_main_context_pop_thread_default(context);
	return NULL;
}

#define ON_LOOP(name, context_made, give)                                                                            \
	static void *name##_alone(void *unused)                                                                      \
	{                                                                                                            \
		GThread *t;                                                                                          \
		context = context_made;                                                                              \
		loop = g_main_loop_new(context, FALSE);                                                              \
		t = g_thread_new("loop", loop_thread, NULL);                                                         \
		gate_wait(&owned, 1);                                                                                \
		if (!racy)                                                                                           \
			touch_a();                                                                                   \
		give;                                                                                                \
		if (racy)                                                                                            \
			touch_a();                                                                                   \
		gate_open(&gave);                                                                                    \
		g_thread_join(t);                                                                                    \
		return unused;                                                                                       \
	}

static void attach(GSource *s)
{
	g_source_set_callback(s, runs, NULL, NULL);
	g_source_attach(s, context);
}

static gboolean ready_prepare(GSource *s, gint *timeout)
{
	*timeout = 0;
	return TRUE;
}
static gboolean ready_check(GSource *s) { return TRUE; }
static gboolean ready_dispatch(GSource *s, GSourceFunc f, gpointer data) { return runs(data); }
static const GSourceFuncs relro_funcs = { ready_prepare, ready_check, ready_dispatch, NULL, NULL, NULL };
static GSource *source_of(const GSourceFuncs *funcs) { return g_source_new((GSourceFuncs *)funcs, sizeof(GSource)); }

/* The table is touched by prepare, not by dispatch. */
static gboolean touching_prepare(GSource *s, gint *timeout)
{
	gate_wait(&gave, 1);
	touch_b();
	g_main_loop_quit(loop);
	*timeout = 0;
	return TRUE;
}
static gboolean done_dispatch(GSource *s, GSourceFunc f, gpointer data) { return G_SOURCE_REMOVE; }
static GSourceFuncs prepare_funcs = { touching_prepare, NULL, done_dispatch, NULL, NULL, NULL };

/* A copy of GLib's own table, taken when it may already lead through librace. */
static GSource *copied(void)
{
	GSourceFuncs *funcs = g_new(GSourceFuncs, 1);

	g_idle_add(owns, NULL);
	*funcs = g_idle_funcs;
	return source_of(funcs);
}

static GSource *asleep(void)
{
	GSource *s = g_timeout_source_new_seconds(100);

	attach(s);
	return s;
}

ON_LOOP(idle_source, g_main_context_new(), attach(g_idle_source_new()))
ON_LOOP(timeout_source, g_main_context_new(), attach(g_timeout_source_new(1)))
ON_LOOP(timeout_add, g_main_context_ref(g_main_context_default()), g_timeout_add_full(0, 1, runs, NULL, NULL))
ON_LOOP(idle_add_once, g_main_context_ref(g_main_context_default()), g_idle_add_once((GSourceOnceFunc)runs, NULL))
ON_LOOP(const_source_funcs, g_main_context_new(), g_source_attach(source_of(&relro_funcs), context))
ON_LOOP(prepare_touches, g_main_context_new(), g_source_attach(source_of(&prepare_funcs), context))
ON_LOOP(copied_source_funcs, g_main_context_new(), attach(copied()))
ON_LOOP(context_invoke, g_main_context_new(), g_main_context_invoke(context, runs, NULL))
ON_LOOP(context_invoke_full, g_main_context_new(), g_main_context_invoke_full(context, 0, runs, NULL, NULL))

static GSource *sleeper;
ON_LOOP(set_ready_time, (context = g_main_context_new(), sleeper = asleep(), context), g_source_set_ready_time(sleeper, 0))
static gboolean pipe_runs(gint fd, GIOCondition c, gpointer data) { return runs(data); }
static int pipe_now(void)
{
	int fds[2];

	if (pipe(fds) || write(fds[1], "x", 1) != 1)
		abort();
	return fds[0];
}
ON_LOOP(unix_fd_add, g_main_context_ref(g_main_context_default()), g_unix_fd_add(pipe_now(), G_IO_IN, pipe_runs, NULL))
static gboolean channel_runs(GIOChannel *c, GIOCondition cond, gpointer data) { return runs(data); }
ON_LOOP(io_add_watch, g_main_context_ref(g_main_context_default()),
	g_io_add_watch(g_io_channel_unix_new(pipe_now()), G_IO_IN, channel_runs, NULL))

/* ---- the other direction, and contexts that change hands ------------------------------------------------------- */

static gboolean touches_and_quits(gpointer unused)
{
	if (!racy)
		touch_a();
	g_main_loop_quit(loop);
	if (racy)
		touch_a();
	gate_open(&over);
	return G_SOURCE_REMOVE;
}
/* quit by another thread: what it did before comes before the return of run */
static gpointer quitter(gpointer unused)
{
	gate_wait(&owned, 1);
	touches_and_quits(NULL);
	return NULL;
}
static void *loop_quit_alone(void *unused)
{
	GThread *t;

	loop = g_main_loop_new(NULL, FALSE);
	g_idle_add(owns, NULL);
	t = g_thread_new("quitter", quitter, NULL);
	g_main_loop_run(loop);
	gate_wait(&over, 1);
	touch_b();
	g_thread_join(t);
	return unused;
}

static gboolean just_touches(gpointer unused)
{
	touch_a();
	return G_SOURCE_REMOVE;
}
/* A iterates the context, which runs a source there; then B takes the context over. */
static void *context_owner_a(void *unused)
{
	GSource *s = g_idle_source_new();

	context = g_main_context_new();
	g_source_set_callback(s, just_touches, NULL, NULL);
	g_source_attach(s, context);
	g_main_context_iteration(context, FALSE);
	gate_open(&a_done);
	return unused;
}
static void *context_owner_b(void *unused)
{
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	if (!g_main_context_acquire(context))
		abort();
	if (!racy)
		touch_b();
	g_main_context_release(context);
	return unused;
}

/* invoke on the default context, while nobody owns it, runs at once and comes after what its last owner ran. */
static gboolean invoked(gpointer unused)
{
	touch_b();
	return G_SOURCE_REMOVE;
}
static void *invoke_at_once_a(void *unused)
{
	g_idle_add(just_touches, NULL);
	g_main_context_iteration(NULL, FALSE);
	gate_open(&a_done);
	return unused;
}
static void *invoke_at_once_b(void *unused)
{
	gate_wait(&a_done, 1);
	if (racy)
		invoked(NULL);
	else
		g_main_context_invoke(NULL, invoked, NULL);
	return unused;
}

static void notify_touches(gpointer unused) { touch_b(); }
static gboolean once_ran(gpointer unused)
{
	touch_a();
	return G_SOURCE_CONTINUE;
}
/* Destroying a source drops its data on the destroying thread, after its last run on the other. */
static GSource *dying;
static void *source_destroy_a(void *unused)
{
	context = g_main_context_new();
	dying = g_idle_source_new();
	g_source_set_callback(dying, once_ran, NULL, notify_touches);
	g_source_attach(dying, context);
	g_main_context_iteration(context, FALSE);
	gate_open(&a_done);
	return unused;
}
static void *source_destroy_b(void *unused)
{
	gate_wait(&a_done, 1);
	if (racy)
		notify_touches(NULL);
	g_source_destroy(dying);
	return unused;
}

/* ---- queues ---------------------------------------------------------------------------------------------------- */

static GAsyncQueue *queue;
HANDOVER(queue_push_sorted, g_async_queue_push_sorted(queue, &queue, (GCompareDataFunc)g_strcmp0, NULL), g_async_queue_pop(queue))
HANDOVER(queue_unlocked, (g_async_queue_lock(queue), g_async_queue_push_unlocked(queue, &queue), g_async_queue_unlock(queue)),
	 (g_async_queue_lock(queue), g_async_queue_pop_unlocked(queue), g_async_queue_unlock(queue)))
HANDOVER(queue_lock, (g_async_queue_lock(queue), g_async_queue_unlock(queue)), (g_async_queue_lock(queue), g_async_queue_unlock(queue)))
HANDOVER(queue_length_tells_of_pops, (g_async_queue_push(queue, &queue), g_async_queue_pop(queue)), g_async_queue_length(queue))

/* Workers that take jobs from one queue are not ordered by it: here the twin has a lock. */
static GMutex job_mutex;
static void job(void (*touch)(void))
{
	g_async_queue_pop(queue);
	if (!racy)
		g_mutex_lock(&job_mutex);
	touch();
	if (!racy)
		g_mutex_unlock(&job_mutex);
}
static void *jobs_a(void *unused)
{
	g_async_queue_push(queue, &queue);
	g_async_queue_push(queue, &queue);
	job(touch_a);
	gate_open(&a_done);
	return unused;
}
static void *jobs_b(void *unused)
{
	gate_wait(&a_done, 1);
	job(touch_b);
	return unused;
}

/* ---- pools ----------------------------------------------------------------------------------------------------- */

static struct gate first_ran;
static void pool_item(gpointer item, gpointer unused)
{
	if (GPOINTER_TO_INT(item) == 2)
		gate_wait(&first_ran, 1);
	if (!racy)
		g_mutex_lock(&job_mutex);
	if (GPOINTER_TO_INT(item) == 1)
		touch_a();
	else
		touch_b();
	if (!racy)
		g_mutex_unlock(&job_mutex);
	if (GPOINTER_TO_INT(item) == 1) {
		gate_open(&first_ran);
		gate_wait(&over, 1); /* so that the other item runs on another thread */
	} else {
		gate_open(&over);
	}
}
/* Two items on two threads: their runs are in no order. */
static void *pool_runs_alone(void *unused)
{
	GThreadPool *pool = g_thread_pool_new(pool_item, NULL, 2, FALSE, NULL);

	g_thread_pool_push(pool, GINT_TO_POINTER(1), NULL);
	g_thread_pool_push(pool, GINT_TO_POINTER(2), NULL);
	g_thread_pool_free(pool, FALSE, TRUE);
	return unused;
}

static void pool_touch(gpointer item, gpointer data)
{
	gate_wait(&gave, 1);
	if (data != &gave)
		abort(); /* user data arrives as it was given */
	touch_b();
	gate_open(&over);
}
/* A pool freed without waiting still runs what was pushed. */
static void *pool_free_at_once_alone(void *unused)
{
	GThreadPool *pool = g_thread_pool_new_full(pool_touch, &gave, NULL, 1, TRUE, NULL); /* has its thread now */

	if (!racy)
		touch_a();
	g_thread_pool_push(pool, &gave, NULL);
	if (racy)
		touch_a();
	g_thread_pool_free(pool, FALSE, FALSE);
	gate_open(&gave);
	gate_wait(&over, 1);
	return unused;
}

/* ---- bits, flags, references ----------------------------------------------------------------------------------- */

static gpointer words[2];
LOCKED(pointer_bit_lock, g_pointer_bit_lock(&words[L], 0), touch_a(), g_pointer_bit_unlock(&words[L], 0),
       g_pointer_bit_lock(&words[L], 0), touch_b(), g_pointer_bit_unlock(&words[L], 0))
static GStaticRWLock old_rwlock[2] = { G_STATIC_RW_LOCK_INIT, G_STATIC_RW_LOCK_INIT };
LOCKED(static_rw_lock, g_static_rw_lock_writer_lock(&old_rwlock[L]), touch_a(), g_static_rw_lock_writer_unlock(&old_rwlock[L]),
       g_static_rw_lock_reader_lock(&old_rwlock[L]), look_b(), g_static_rw_lock_reader_unlock(&old_rwlock[L]))
static GRecMutex rec[2];
LOCKED(rec_mutex_twice, (g_rec_mutex_lock(&rec[L]), g_rec_mutex_lock(&rec[L])), touch_a(),
       (g_rec_mutex_unlock(&rec[L]), g_rec_mutex_unlock(&rec[L])), (g_rec_mutex_lock(&rec[L]), g_rec_mutex_lock(&rec[L])),
       touch_b(), (g_rec_mutex_unlock(&rec[L]), g_rec_mutex_unlock(&rec[L])))

static GCancellable *cancellable;
HANDOVER(cancelled, g_cancellable_cancel(cancellable), (void)g_cancellable_is_cancelled(cancellable))

/* The last owner finalizes, after all that the other one did. */
static void *box;
static void box_clear(gpointer unused) { touch_b(); }
static void *rc_box_last_a(void *unused)
{
	touch_a();
	if (!racy)
		g_atomic_rc_box_release_full(box, NULL);
	gate_open(&a_done);
	return unused;
}
static void *rc_box_last_b(void *unused)
{
	gate_wait(&a_done, 1);
	if (racy)
		g_atomic_rc_box_acquire(box);
	if (racy)
		box_clear(NULL);
	else
		g_atomic_rc_box_release_full(box, box_clear);
	return unused;
}
static gatomicrefcount count;
static void *ref_count_a(void *unused)
{
	touch_a();
	if (!racy)
		(void)!g_atomic_ref_count_dec(&count);
	gate_open(&a_done);
	return unused;
}
static void *ref_count_b(void *unused)
{
	gate_wait(&a_done, 1);
	if (racy || g_atomic_ref_count_dec(&count))
		touch_b();
	return unused;
}

/* An object that owns a table. */
typedef struct { GObject parent; GHashTable *table; } Owner;
typedef struct { GObjectClass parent; } OwnerClass;
static GHashTable *of_class;
static GType owner_get_type(void);
G_DEFINE_TYPE(Owner, owner, G_TYPE_OBJECT)
static void owner_finalize(GObject *o)
{
	g_hash_table_unref(((Owner *)o)->table);
	G_OBJECT_CLASS(owner_parent_class)->finalize(o);
}
static void owner_class_init(OwnerClass *class)
{
	G_OBJECT_CLASS(class)->finalize = owner_finalize;
	of_class = g_hash_table_new(NULL, NULL);
	g_hash_table_insert(of_class, &of_class, &of_class);
}
static void owner_init(Owner *o) { o->table = g_hash_table_new(NULL, NULL); }

static Owner *owner;
static void *object_unref_a(void *unused)
{
	g_hash_table_insert(owner->table, owner, owner);
	if (!racy)
		g_object_unref(owner);
	gate_open(&a_done);
	return unused;
}
static void *object_unref_b(void *unused)
{
	gate_wait(&a_done, 1);
	if (racy)
		g_hash_table_lookup(owner->table, owner);
	g_object_unref(owner);
	return unused;
}

/* Made in class_init by one thread, used by another that merely has an instance. */
static void *class_init_a(void *unused)
{
	g_object_new(owner_get_type(), NULL); /* stays: while a class is in use nobody takes GObject's lock */
	if (racy)
		g_hash_table_insert(of_class, NULL, NULL);
	gate_open(&a_done);
	return unused;
}
static void *class_init_b(void *unused)
{
	gate_wait(&a_done, 1);
	g_object_unref(g_object_new(owner_get_type(), NULL));
	g_hash_table_lookup(of_class, &of_class);
	return unused;
}

static const struct scenario list[] = {
	ALONE(idle_source), ALONE(timeout_source), ALONE(timeout_add), ALONE(idle_add_once), ALONE(const_source_funcs),
	ALONE(prepare_touches), ALONE(copied_source_funcs), ALONE(context_invoke), ALONE(context_invoke_full),
	ALONE(set_ready_time), ALONE(unix_fd_add), ALONE(io_add_watch), ALONE(loop_quit), SIDES(context_owner),
	SIDES(invoke_at_once), SIDES(source_destroy), SIDES(queue_push_sorted), SIDES(queue_unlocked), SIDES(queue_lock),
	SIDES(queue_length_tells_of_pops), SIDES(jobs), ALONE(pool_runs), ALONE(pool_free_at_once), SIDES(pointer_bit_lock),
	SIDES(static_rw_lock), SIDES(rec_mutex_twice), SIDES(cancelled), SIDES(rc_box_last), SIDES(ref_count),
	SIDES(object_unref), SIDES(class_init),
};

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	queue = g_async_queue_new();
	cancellable = g_cancellable_new();
	box = g_atomic_rc_box_alloc0(8);
	g_atomic_rc_box_acquire(box);
	g_atomic_ref_count_init(&count);
	g_atomic_ref_count_inc(&count);
	if (!strcmp(name, "object_unref"))
		owner = g_object_ref(g_object_new(owner_get_type(), NULL));
	return twins_main(argc, argv, list, sizeof list / sizeof *list);
}
