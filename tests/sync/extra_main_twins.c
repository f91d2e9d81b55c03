/* SPDX-License-Identifier: MIT */
/* BUILD: gio-2.0 gio-unix-2.0 */
/*
 * extra_main_twins.c - main contexts, loops and sources of GLib, one half of an edge at a time. GLib's own wake-ups stay out of
 * sight (unseen.h).
 */
#include "after.h"
#include "unseen.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/wait.h>

static GMainContext *context;
static GMainLoop *loop;
static GSource *source, *child;
static guint id;
static int ready, ends[2];
static GIOChannel *channel;
static pid_t pid, b_tid;

static gboolean nothing(gpointer unused)
{
	return G_SOURCE_REMOVE;
}
static void nothing_once(gpointer unused)
{
}
static gboolean nothing_io(GIOChannel *c, GIOCondition what, gpointer unused)
{
	return FALSE;
}
static gboolean nothing_fd(gint fd, GIOCondition what, gpointer unused)
{
	return FALSE;
}
static void nothing_child(GPid p, gint status, gpointer unused)
{
}
static gboolean prepared(GSource *s, gint *timeout)
{
	return TRUE;
}
static gboolean checked(GSource *s)
{
	return TRUE;
}
static gboolean dispatched(GSource *s, GSourceFunc f, gpointer data)
{
	return f ? f(data) : G_SOURCE_REMOVE;
}
static GSourceFuncs funcs = { prepared, checked, dispatched, NULL, NULL, NULL };
static void kept(gpointer data)
{
}
static void got(gpointer data, GSource *s, GSourceFunc *f, gpointer *user)
{
	*f = nothing;
	*user = NULL;
}
static GSourceCallbackFuncs callback_funcs = { kept, kept, got };

/* ---- what posts to the default context; whoever takes that over comes later ---- */

#define TAKE g_main_context_acquire(NULL)
#define PIPE (pipe(ends) ? abort() : (void)0)
#define CHANNEL (PIPE, channel = g_io_channel_unix_new(ends[0]))
static void a_child(void)
{
	pid = fork();
	if (!pid)
		_exit(0);
}
#define POSTS(X)                                                                                                     \
	X(idle_add, (void)0, g_idle_add(nothing, NULL))                                                              \
	X(idle_add_full, (void)0, g_idle_add_full(0, nothing, NULL, NULL))                                           \
	X(timeout_add, (void)0, g_timeout_add(1000, nothing, NULL))                                                  \
	X(timeout_add_full, (void)0, g_timeout_add_full(0, 1000, nothing, NULL, NULL))                               \
	X(timeout_add_seconds, (void)0, g_timeout_add_seconds(1, nothing, NULL))                                     \
	X(timeout_add_seconds_full, (void)0, g_timeout_add_seconds_full(0, 1, nothing, NULL, NULL))                  \
	X(idle_add_once, (void)0, g_idle_add_once(nothing_once, NULL))                                               \
	X(timeout_add_once, (void)0, g_timeout_add_once(1000, nothing_once, NULL))                                   \
	X(io_add_watch, CHANNEL, g_io_add_watch(channel, G_IO_IN, nothing_io, NULL))                                 \
	X(io_add_watch_full, CHANNEL, g_io_add_watch_full(channel, 0, G_IO_IN, nothing_io, NULL, NULL))              \
	X(child_watch_add, a_child(), g_child_watch_add(pid, nothing_child, NULL))                                   \
	X(child_watch_add_full, a_child(), g_child_watch_add_full(0, pid, nothing_child, NULL, NULL))                \
	X(fd_add, PIPE, g_unix_fd_add(ends[0], G_IO_IN, nothing_fd, NULL))                                           \
	X(fd_add_full, PIPE, g_unix_fd_add_full(0, ends[0], G_IO_IN, nothing_fd, NULL, NULL))                        \
	X(signal_add, (void)0, g_unix_signal_add(SIGUSR1, nothing, NULL))                                            \
	X(signal_add_full, (void)0, g_unix_signal_add_full(0, SIGUSR1, nothing, NULL, NULL))                         \
	X(source_remove, id = g_idle_add(nothing, NULL), g_source_remove(id))                                        \
	X(source_remove_data, g_idle_add(nothing, &id), g_source_remove_by_user_data(&id))                           \
	X(source_remove_funcs, g_idle_add(nothing, &id), g_source_remove_by_funcs_user_data(&g_idle_funcs, &id))     \
	X(idle_remove, g_idle_add(nothing, &id), g_idle_remove_by_data(&id))                                         \
	X(context_release, g_main_context_acquire(NULL), g_main_context_release(NULL))                               \
	X(context_invoke, (void)0, g_main_context_invoke(NULL, nothing, NULL))                                       \
	X(context_invoke_full, (void)0, g_main_context_invoke_full(NULL, 0, nothing, NULL, NULL))
#define POSTED(name, first, give) AFTER(name, first, give, TAKE)
POSTS(POSTED)
#define POST g_idle_add(nothing, &ready)
/* The other half of those that take the context, too. */
AFTER(removed, id = g_idle_add(nothing, NULL), POST, g_source_remove(id))
AFTER(removed_data, g_idle_add(nothing, &id), POST, g_source_remove_by_user_data(&id))
AFTER(removed_funcs, g_idle_add(nothing, &id), POST, g_source_remove_by_funcs_user_data(&g_idle_funcs, &id))
AFTER(idle_removed, g_idle_add(nothing, &id), POST, g_idle_remove_by_data(&id))
AFTER(invoked, (void)0, POST, g_main_context_invoke(NULL, nothing, NULL))
AFTER(invoked_full, (void)0, POST, g_main_context_invoke_full(NULL, 0, nothing, NULL, NULL))
AFTER(iterated, (void)0, g_main_context_wakeup(NULL), g_main_context_iteration(NULL, FALSE))
#define CONTEXT (context = g_main_context_new(), g_main_context_ref(context))
AFTER(context_unref, CONTEXT, g_main_context_unref(context), g_main_context_unref(context))
AFTER(thread_default, (CONTEXT, g_main_context_push_thread_default(context)), g_main_context_pop_thread_default(context),
      g_main_context_push_thread_default(context))

/* ---- loops ---- */

AFTER(loop_quit, loop = g_main_loop_new(NULL, TRUE), g_main_loop_quit(loop), (void)g_main_loop_is_running(loop))

static gboolean opened(gpointer unused)
{
	gate_open(&b_waits);
	return G_SOURCE_REMOVE;
}
static void *loop_run_a(void *unused)
{
	gate_wait(&b_waits, 1);
	if (!racy)
		touch_a();
	g_main_loop_quit(loop);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *loop_run_b(void *unused)
{
	loop = g_main_loop_new(NULL, FALSE);
	g_idle_add(opened, NULL);
	g_main_loop_run(loop);
	gate_wait(&a_done, 1);
	touch_b();
	return unused;
}

/* ---- sources ---- */

#define SOURCE (source = g_source_new(&funcs, sizeof(GSource)), g_source_ref(source), g_source_ref(source))
#define SET g_source_set_callback(source, nothing, NULL, NULL)
AFTER(set_set, SOURCE, SET, SET)
AFTER(set_indirect, SOURCE, SET, g_source_set_callback_indirect(source, NULL, &callback_funcs))
AFTER(indirect_set, SOURCE, g_source_set_callback_indirect(source, NULL, &callback_funcs), SET)
AFTER(set_destroy, SOURCE, SET, g_source_destroy(source))
AFTER(destroy_asked, SOURCE, g_source_destroy(source), (void)g_source_is_destroyed(source))
AFTER(set_unref, SOURCE, SET, g_source_unref(source))
AFTER(unref_set, SOURCE, g_source_unref(source), SET)
AFTER(ready_time, SOURCE, g_source_set_ready_time(source, -1), SET)
AFTER(set_funcs, SOURCE, g_source_set_funcs(source, &funcs), SET)
AFTER(attach, SOURCE, g_source_attach(source, NULL), SET)
AFTER(add_child, (child = g_source_new(&funcs, sizeof(GSource)), SOURCE), g_source_add_child_source(child, source), SET)

/* ---- what runs ---- */

static void runs(void)
{
	while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
		g_main_context_iteration(NULL, TRUE);
}
static gboolean run_b(gpointer unused)
{
	gate_wait(&a_done, 1);
	touch_b();
	__atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
	return G_SOURCE_REMOVE;
}
/* B waits for events by then: what it does when it enters its loop is over. */
#define RUN(name, give)                                                                                              \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&b_waits, 1);                                                                              \
		asleep_in(b_tid, SYS_poll);                                                                          \
		if (!racy)                                                                                           \
			touch_a();                                                                                   \
		give;                                                                                                \
		if (racy)                                                                                            \
			touch_a();                                                                                   \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		b_tid = (pid_t)syscall(SYS_gettid);                                                                  \
		g_idle_add(opened, NULL);                                                                            \
		runs();                                                                                              \
		return unused;                                                                                       \
	}
RUN(run_posted, g_idle_add(run_b, NULL))
RUN(run_invoked, g_main_context_invoke(NULL, run_b, NULL))
RUN(run_invoked_full, g_main_context_invoke_full(NULL, 0, run_b, NULL, NULL))
static void attach_run(void)
{
	GSource *s = g_idle_source_new();

	g_source_set_callback(s, run_b, NULL, NULL);
	g_source_attach(s, NULL);
}
RUN(run_attached, attach_run())
/* What ran is known to who takes the context over. */
static gboolean run_a(gpointer unused)
{
	if (!racy)
		touch_a();
	return G_SOURCE_REMOVE;
}
static void *ran_a(void *unused)
{
	g_idle_add(run_a, NULL);
	g_main_context_iteration(NULL, FALSE);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *ran_b(void *unused)
{
	gate_wait(&a_done, 1);
	TAKE;
	touch_b();
	return unused;
}

/* Destroyed by another thread while it runs: what came before that is known to who ran it. */
static gboolean run_meanwhile(gpointer unused)
{
	gate_open(&b_waits);
	gate_wait(&a_done, 1);
	return G_SOURCE_CONTINUE;
}
static void *meanwhile_a(void *unused)
{
	gate_wait(&b_waits, 1);
	if (!racy)
		touch_a();
	g_source_destroy(source);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *meanwhile_b(void *unused)
{
	source = g_idle_source_new();
	g_source_set_callback(source, run_meanwhile, NULL, NULL);
	g_source_attach(source, NULL);
	g_main_context_iteration(NULL, FALSE);
	touch_b();
	return unused;
}

#define POSTED_SIDES(name, first, give) SIDES(name),
static const struct scenario list[] = {
	POSTS(POSTED_SIDES) SIDES(removed), SIDES(removed_data), SIDES(removed_funcs), SIDES(idle_removed),
	SIDES(invoked),
	SIDES(invoked_full), SIDES(iterated), SIDES(context_unref), SIDES(thread_default), SIDES(loop_quit),
	SIDES(loop_run), SIDES(set_set),
	SIDES(set_indirect), SIDES(indirect_set), SIDES(set_destroy), SIDES(destroy_asked), SIDES(set_unref),
	SIDES(unref_set),
	SIDES(ready_time), SIDES(set_funcs), SIDES(attach), SIDES(add_child), SIDES(run_posted), SIDES(run_invoked),
	SIDES(run_invoked_full), SIDES(run_attached), SIDES(meanwhile), SIDES(ran),
};

int main(int argc, char **argv)
{
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
