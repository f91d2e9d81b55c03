/* CORPUS label=clean family=glib_hash primitive=uv atomics=none repeats=no twin=prim_uv_async_stats_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 libuv */
/*
 * A libuv loop runs in a thread; main wakes it with uv_async_send() to have the statistics added up.
 * Main writes all statistics before it sends.
 */
#include <glib.h>
#include <stdio.h>
#include <uv.h>

enum { COUNTERS = 18, ROUNDS = 100 };

static GHashTable *counters;
static uv_loop_t loop;
static uv_async_t wake;
static int added;

static void add_up(uv_async_t *handle)
{
	for (int i = 0; i < COUNTERS * ROUNDS; i++)
		added += g_hash_table_contains(counters, GINT_TO_POINTER(i % COUNTERS + 1));
	uv_close((uv_handle_t *)handle, NULL);
}

static void run(void *unused)
{
	uv_run(&loop, UV_RUN_DEFAULT);
}

static void write_all(int base)
{
	for (int i = 0; i < COUNTERS * ROUNDS; i++)
		g_hash_table_insert(counters, GINT_TO_POINTER(i % COUNTERS + 1), GINT_TO_POINTER(base + i));
}

int main(void)
{
	uv_thread_t thread;

	counters = g_hash_table_new(NULL, NULL);
	write_all(100);
	uv_loop_init(&loop);
	uv_async_init(&loop, &wake, add_up);
	uv_thread_create(&thread, run, NULL);
	write_all(5000);
	uv_async_send(&wake);
	uv_thread_join(&thread);
	uv_loop_close(&loop);
	printf("%d counters added\n", added);
	return 0;
}
