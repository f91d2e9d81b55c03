/* SPDX-License-Identifier: MIT */
/* BUILD: gio-2.0 libuv */
/*
 * extra_full_twins.c - when librace's tables are full: more functions of sources, more callbacks of asynchronous handles than it can wrap.
 * And a class that is used by a thread that did not make it; a source that is only prepared.
 */
#include "after.h"
#include "unseen.h"

#include <glib-object.h>
#include <uv.h>

#define TIMES_8(what, n) what(n##0) what(n##1) what(n##2) what(n##3) what(n##4) what(n##5) what(n##6) what(n##7)
#define TIMES_64(what, n)                                                                                            \
	TIMES_8(what, n##0) TIMES_8(what, n##1) TIMES_8(what, n##2) TIMES_8(what, n##3)                              \
	TIMES_8(what, n##4) TIMES_8(what, n##5) TIMES_8(what, n##6) TIMES_8(what, n##7)
#define TIMES_512(what)                                                                                              \
	TIMES_64(what, 0) TIMES_64(what, 1) TIMES_64(what, 2) TIMES_64(what, 3)                                      \
	TIMES_64(what, 4) TIMES_64(what, 5) TIMES_64(what, 6) TIMES_64(what, 7)

static volatile int called;
static struct gate b_done;

/* ---- sources ---- */

#define SOURCE_FUNCTION(n)                                                                                           \
	static gboolean source_##n(GSource *s, GSourceFunc f, gpointer data)                                         \
	{                                                                                                            \
		called = 0##n;                                                                                       \
		return G_SOURCE_REMOVE;                                                                              \
	}
TIMES_512(SOURCE_FUNCTION)
#define SOURCE_TABLE(n) { NULL, NULL, source_##n, NULL, NULL, NULL },
static GSourceFuncs tables[] = { TIMES_512(SOURCE_TABLE) };

static gboolean last_prepared(GSource *s, gint *timeout)
{
	*timeout = 0;
	return TRUE;
}
static gboolean last_checked(GSource *s)
{
	return TRUE;
}
static gboolean last_run(GSource *s, GSourceFunc f, gpointer data)
{
	gate_wait(&a_done, 1);
	touch_b();
	gate_open(&b_done);
	return G_SOURCE_REMOVE;
}
static GSourceFuncs last = { last_prepared, last_checked, last_run, NULL, NULL, NULL };
static void attach(GSourceFuncs *funcs)
{
	g_source_attach(g_source_new(funcs, sizeof(GSource)), NULL);
}
static void *sources_a(void *unused)
{
	gate_wait(&b_waits, 1);
	if (!racy)
		touch_a();
	attach(&last);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *sources_b(void *unused)
{
	for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		g_source_unref(g_source_new(&tables[i], sizeof(GSource)));
	g_main_context_acquire(NULL);
	gate_open(&b_waits);
	gate_wait(&a_done, 1);
	while (!__atomic_load_n(&b_done.count, __ATOMIC_ACQUIRE)) {
		GPollFD fds[16];
		gint priority, timeout;
		int n;

		g_main_context_prepare(g_main_context_default(), &priority);
		n = g_main_context_query(g_main_context_default(), priority, &timeout, fds, 16);
		if (g_main_context_check(g_main_context_default(), priority, fds, n))
			g_main_context_dispatch(g_main_context_default());
	}
	return unused;
}

/* The first thing that is called of a source. */
static gboolean preparing(GSource *s, gint *timeout)
{
	if (!__atomic_load_n(&b_done.count, __ATOMIC_ACQUIRE)) {
		gate_wait(&a_done, 1);
		touch_b();
		gate_open(&b_done);
	}
	*timeout = 0;
	return TRUE;
}
static GSourceFuncs prepare_only = { preparing, last_checked, source_000, NULL, NULL, NULL };
static void *prepare_a(void *unused)
{
	gate_wait(&b_waits, 1);
	if (!racy)
		touch_a();
	attach(&prepare_only);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *prepare_b(void *unused)
{
	gint priority;

	g_main_context_acquire(NULL);
	gate_open(&b_waits);
	gate_wait(&a_done, 1);
	g_main_context_prepare(g_main_context_default(), &priority);
	return unused;
}

/* ---- libuv ---- */

static uv_loop_t loop;
static uv_async_t handles[65];
#define ASYNC_FUNCTION(n)                                                                                            \
	static void async_##n(uv_async_t *handle)                                                                    \
	{                                                                                                            \
		called = 0##n;                                                                                       \
	}
TIMES_64(ASYNC_FUNCTION, 0)
#define ASYNC_NAME(n) async_##n,
static const uv_async_cb callbacks[] = { TIMES_64(ASYNC_NAME, 0) };

static void async_b(uv_async_t *handle)
{
	gate_wait(&a_done, 1);
	touch_b();
	uv_stop(&loop);
}
static void *asyncs_a(void *unused)
{
	gate_wait(&b_waits, 1);
	if (!racy)
		touch_a();
	uv_async_send(&handles[64]);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *asyncs_b(void *unused)
{
	MUST(uv_loop_init(&loop));
	for (int i = 0; i < 64; i++)
		MUST(uv_async_init(&loop, &handles[i], callbacks[i]));
	MUST(uv_async_init(&loop, &handles[64], async_b));
	gate_open(&b_waits);
	uv_run(&loop, UV_RUN_DEFAULT);
	return unused;
}

/* ---- a class ---- */



static GType thing_type;
static void thing_class_init(gpointer c, gpointer data)
{
	if (!racy)
		touch_a();
}
static void *class_a(void *unused)
{
	g_object_new(thing_type, NULL);
	if (racy)
		touch_a();
	gate_open(&a_done);
	return unused;
}
static void *class_b(void *unused)
{
	gate_wait(&a_done, 1);
	touch_b();
	return unused;
}

static const struct scenario list[] = {
	SIDES(sources), SIDES(prepare), SIDES(asyncs), SIDES(class),
};

int main(int argc, char **argv)
{
	thing_type = g_type_register_static_simple(G_TYPE_OBJECT, "Thing", sizeof(GObjectClass), (GClassInitFunc)thing_class_init,
						   sizeof(GObject), NULL, 0);
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
