/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A table is filled by one thread and given to another: by a queue, by a pipe, by a condition. The wrong twin of each writes once
 * more after it has sent.
 */
#include <glib.h>

#include "recipe.h"

static GHashTable *filled_table(void)
{
	GHashTable *t = g_hash_table_new(g_str_hash, g_str_equal);

	g_hash_table_insert(t, (void *)"subject", (void *)"hello");
	return t;
}

static void use(GHashTable *t)
{
	g_hash_table_lookup(t, "subject");
	g_hash_table_destroy(t);
}

/* What the receiver does in the wrong twins: it looks, when the late writer has written. */
static void look(GHashTable *t)
{
	gate_wait(&first_done, 1);
	g_hash_table_lookup(t, "subject");
}

/* ---- a queue --------------------------------------------------------------------------------------------------------------- */

static GAsyncQueue *queue;

static void *queue_sender(void *unused)
{
	for (int i = 0; i < 50; i++)
		g_async_queue_push(queue, filled_table());
	return unused;
}

static void *queue_receiver(void *unused)
{
	for (int i = 0; i < 50; i++)
		use(g_async_queue_pop(queue));
	return unused;
}

static void by_queue(void)
{
	queue = g_async_queue_new();
	both(queue_sender, queue_receiver);
}

static void *late_queue_sender(void *unused)
{
	GHashTable *t = filled_table();

	g_async_queue_push(queue, t);
	g_hash_table_insert(t, (void *)"sent", t);
	gate_open(&first_done);
	return unused;
}

static void *late_queue_receiver(void *unused)
{
	look(g_async_queue_pop(queue));
	return unused;
}

static void late_by_queue(void)
{
	queue = g_async_queue_new();
	both(late_queue_sender, late_queue_receiver);
}

/* ---- a pipe ---------------------------------------------------------------------------------------------------------------- */

static int ends[2];

static void send_table(GHashTable *t)
{
	if (write(ends[1], &t, sizeof(t)) != sizeof(t))
		abort();
}

static GHashTable *receive_table(void)
{
	GHashTable *t;

	if (read(ends[0], &t, sizeof(t)) != sizeof(t))
		abort();
	return t;
}

static void *pipe_sender(void *unused)
{
	for (int i = 0; i < 50; i++)
		send_table(filled_table());
	return unused;
}

static void *pipe_receiver(void *unused)
{
	for (int i = 0; i < 50; i++)
		use(receive_table());
	return unused;
}

static void by_pipe(void)
{
	if (pipe(ends))
		abort();
	both(pipe_sender, pipe_receiver);
}

static void *late_pipe_sender(void *unused)
{
	GHashTable *t = filled_table();

	send_table(t);
	g_hash_table_insert(t, (void *)"sent", t);
	gate_open(&first_done);
	return unused;
}

static void *late_pipe_receiver(void *unused)
{
	look(receive_table());
	return unused;
}

static void late_by_pipe(void)
{
	if (pipe(ends))
		abort();
	both(late_pipe_sender, late_pipe_receiver);
}

/* ---- a place under a mutex, and a condition ---------------------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t put = PTHREAD_COND_INITIALIZER;
static GHashTable *parcel;

static void give(GHashTable *t)
{
	pthread_mutex_lock(&lock);
	parcel = t;
	pthread_cond_signal(&put);
	pthread_mutex_unlock(&lock);
}

static GHashTable *take(void)
{
	GHashTable *t;

	pthread_mutex_lock(&lock);
	while (!parcel)
		pthread_cond_wait(&put, &lock);
	t = parcel;
	parcel = NULL;
	pthread_mutex_unlock(&lock);
	return t;
}

static void *giver(void *unused)
{
	give(filled_table());
	return unused;
}

static void *taker(void *unused)
{
	use(take());
	return unused;
}

static void by_condition(void)
{
	both(giver, taker);
}

static void *late_giver(void *unused)
{
	GHashTable *t = filled_table();

	give(t);
	g_hash_table_insert(t, (void *)"sent", t);
	gate_open(&first_done);
	return unused;
}

static void *late_taker(void *unused)
{
	look(take());
	return unused;
}

static void late_by_condition(void)
{
	both(late_giver, late_taker);
}

RECIPES({ "by_queue", by_queue, "silent" }, { "late_by_queue", late_by_queue, "reported" }, { "by_pipe", by_pipe, "silent" },
	{ "late_by_pipe", late_by_pipe, "reported" }, { "by_condition", by_condition, "silent" },
	{ "late_by_condition", late_by_condition, "reported" })
