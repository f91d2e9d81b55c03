/* SPDX-License-Identifier: MIT */
/*
 * glib_ok.c - a correct GLib program that hands tables between threads in every way GLib offers. Silence is the test.
 *
 * Four producers fill a table each and push it into a GAsyncQueue; a GThreadPool merges them under a GMutex into one
 * table that readers look up under a GRWLock; a GOnce and a g_once_init build shared defaults; GTask workers return a
 * table to the main loop, which also receives tables by g_idle_add and g_main_context_invoke, and hands them on to a
 * thread waiting on a GCond.
 */
#include <gio/gio.h>

#define ROUNDS 200
#define PRODUCERS 4
#define TASKS 20

static GAsyncQueue *queue;
static GMutex merged_mutex;
static GHashTable *merged;
static GRWLock index_lock;
static GHashTable *names;
static GMainLoop *loop;
static guint pending; /* main loop's thread only */
static GMutex mail_mutex;
static GCond mail_cond;
static GQueue mail = G_QUEUE_INIT;
static guint mailed;

static gpointer make_defaults(gpointer unused)
{
	GHashTable *t = g_hash_table_new(g_str_hash, g_str_equal);

	g_hash_table_insert(t, (gpointer)"colour", (gpointer)"blue");
	g_hash_table_insert(t, (gpointer)"size", (gpointer)"large");
	return t;
}

static const char *setting(const char *key)
{
	static GOnce once = G_ONCE_INIT;

	return g_hash_table_lookup(g_once(&once, make_defaults, NULL), key);
}

static GTree *limits(void)
{
	static gsize tree;

	if (g_once_init_enter(&tree)) {
		GTree *t = g_tree_new((GCompareFunc)g_strcmp0);
		g_tree_insert(t, (gpointer)"max", GINT_TO_POINTER(100));
		g_once_init_leave(&tree, (gsize)t);
	}
	return (GTree *)tree;
}

static GHashTable *fill(int from)
{
	GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (int i = 0; i < 8; i++)
		g_hash_table_insert(t, g_strdup_printf("key-%d", from + i), GINT_TO_POINTER(from + i));
	return t;
}

static gpointer producer(gpointer number)
{
	for (int i = 0; i < ROUNDS; i++) {
		g_assert_cmpstr(setting("colour"), ==, "blue");
		g_assert(g_tree_lookup(limits(), "max"));
		g_async_queue_push(queue, fill(GPOINTER_TO_INT(number) * 10000 + i));
	}
	return NULL;
}

/* Takes a table that a producer made, changes it, and merges it. */
static void merge(gpointer data, gpointer unused)
{
	GHashTable *t = data;
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_insert(t, g_strdup("merged"), NULL);
	g_mutex_lock(&merged_mutex);
	g_hash_table_iter_init(&iter, t);
	while (g_hash_table_iter_next(&iter, &key, &value))
		g_hash_table_insert(merged, g_strdup(key), value);
	g_mutex_unlock(&merged_mutex);
	g_hash_table_destroy(t);
}

static gpointer reader(gpointer unused)
{
	for (int i = 0; i < ROUNDS * 4; i++) {
		g_rw_lock_reader_lock(&index_lock);
		g_hash_table_lookup(names, GINT_TO_POINTER(i));
		g_hash_table_size(names);
		g_rw_lock_reader_unlock(&index_lock);
		if (i % 8 == 0) {
			g_rw_lock_writer_lock(&index_lock);
			g_hash_table_insert(names, GINT_TO_POINTER(i), unused);
			g_rw_lock_writer_unlock(&index_lock);
		}
	}
	return NULL;
}

static gpointer mail_reader(gpointer unused)
{
	guint got = 0;

	while (got < mailed) {
		GHashTable *t;

		g_mutex_lock(&mail_mutex);
		while (!(t = g_queue_pop_head(&mail)))
			g_cond_wait(&mail_cond, &mail_mutex);
		g_mutex_unlock(&mail_mutex);
		g_hash_table_insert(t, g_strdup("read"), NULL);
		g_hash_table_unref(t);
		got++;
	}
	return NULL;
}

static void pass_on(GHashTable *t)
{
	g_hash_table_insert(t, g_strdup("passed on"), NULL);
	g_mutex_lock(&mail_mutex);
	g_queue_push_tail(&mail, t);
	g_cond_signal(&mail_cond);
	g_mutex_unlock(&mail_mutex);
	if (--pending == 0)
		g_main_loop_quit(loop);
}

static gboolean received(gpointer table)
{
	pass_on(table);
	return G_SOURCE_REMOVE;
}

static void task_work(GTask *task, gpointer source, gpointer table, GCancellable *cancellable)
{
	g_hash_table_insert(table, g_strdup("worked"), NULL);
	g_task_return_pointer(task, g_hash_table_ref(table), (GDestroyNotify)g_hash_table_unref);
}

static void task_done(GObject *source, GAsyncResult *result, gpointer unused)
{
	GHashTable *t = g_task_propagate_pointer(G_TASK(result), NULL);

	g_hash_table_insert(t, g_strdup("done"), NULL);
	pass_on(t);
}

static gpointer sender(gpointer unused)
{
	for (int i = 0; i < TASKS; i++) {
		g_idle_add(received, fill(i));
		g_timeout_add(1, received, fill(i));
		g_main_context_invoke(NULL, received, fill(i));
	}
	return NULL;
}

int main(void)
{
	GThread *producers[PRODUCERS], *readers[3], *mailman, *send;
	GThreadPool *pool;

	queue = g_async_queue_new();
	merged = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	names = g_hash_table_new(NULL, NULL);
	pool = g_thread_pool_new(merge, NULL, 3, FALSE, NULL);
	for (int i = 0; i < PRODUCERS; i++)
		producers[i] = g_thread_new("producer", producer, GINT_TO_POINTER(i));
	for (int i = 0; i < 3; i++)
		readers[i] = g_thread_new("reader", reader, NULL);
	for (int i = 0; i < PRODUCERS * ROUNDS; i++)
		g_thread_pool_push(pool, g_async_queue_pop(queue), NULL);
	g_thread_pool_free(pool, FALSE, TRUE);
	for (int i = 0; i < PRODUCERS; i++)
		g_thread_join(producers[i]);
	for (int i = 0; i < 3; i++)
		g_thread_join(readers[i]);
	/* Everybody is gone: no lock is needed any more. */
	g_print("%u merged, %u names\n", g_hash_table_size(merged), g_hash_table_size(names));
	g_hash_table_destroy(merged);
	g_hash_table_unref(names);

	loop = g_main_loop_new(NULL, FALSE);
	pending = mailed = 4 * TASKS;
	mailman = g_thread_new("mailman", mail_reader, NULL);
	g_main_context_acquire(NULL);
	for (int i = 0; i < TASKS; i++) {
		GTask *task = g_task_new(NULL, NULL, task_done, NULL);
		g_task_set_task_data(task, fill(i), (GDestroyNotify)g_hash_table_unref);
		g_task_run_in_thread(task, task_work);
		g_object_unref(task);
	}
	send = g_thread_new("sender", sender, NULL);
	g_main_loop_run(loop);
	g_thread_join(send);
	g_thread_join(mailman);
	g_print("%u mailed\n", mailed);
	return 0;
}
