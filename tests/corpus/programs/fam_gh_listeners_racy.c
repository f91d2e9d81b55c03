/* CORPUS label=racy family=glib_hash primitive=grwlock atomics=none repeats=yes twin=fam_gh_listeners_clean cause=read-lock-write */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A registry of listeners: an event loop walks over it, a control thread changes how often each is called.
 * The control thread takes the lock in read mode for its changes.
 */
#include <glib.h>
#include <stdio.h>

#define LISTENERS 12

static GHashTable *registry; /* id -> priority */
static GRWLock registry_lock;
static gboolean loud;

static void set_priority(int id, int priority)
{
	g_rw_lock_reader_lock(&registry_lock);
	g_hash_table_replace(registry, GINT_TO_POINTER(id), GINT_TO_POINTER(priority));
	g_rw_lock_reader_unlock(&registry_lock);
}

static long notify_all(void)
{
	GHashTableIter iter;
	gpointer id, priority;
	long sum = 0;

	g_rw_lock_reader_lock(&registry_lock);
	g_hash_table_iter_init(&iter, registry);
	while (g_hash_table_iter_next(&iter, &id, &priority))
		sum += GPOINTER_TO_INT(id) * GPOINTER_TO_INT(priority);
	g_rw_lock_reader_unlock(&registry_lock);
	return sum;
}

static gpointer control(gpointer unused)
{
	(void)unused;
	for (int turn = 0; turn < 3000; turn++)
		set_priority(1 + turn % LISTENERS, turn % 5);
	return NULL;
}

int main(int argc, char **argv)
{
	GThread *thread;
	long sum = 0;

	(void)argv;
	loud = argc > 1;
	registry = g_hash_table_new(g_direct_hash, g_direct_equal);
	for (int id = 1; id <= LISTENERS; id++)
		g_hash_table_insert(registry, GINT_TO_POINTER(id), GINT_TO_POINTER(1));
	thread = g_thread_new("control", control, NULL);
	for (int event = 0; event < 2000; event++)
		sum += notify_all();
	g_thread_join(thread);
	printf("%d listeners%s\n", LISTENERS, loud && sum ? ", told often" : "");
	g_hash_table_destroy(registry);
	return 0;
}
