/* CORPUS label=clean family=glib_hash primitive=gtask atomics=none repeats=no twin=prim_gtask_import_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 gio-2.0 */
/*
 * Contacts are imported by a GTask in a thread; main's loop is told when it is done.
 * Main looks contacts up in the callback of the task.
 */
#include <gio/gio.h>
#include <semaphore.h>
#include <stdio.h>

enum { CONTACTS = 25, PASSES = 80 };

static GHashTable *contacts;
static sem_t go;
static int found;

static void look_up(void)
{
	for (int i = 0; i < CONTACTS * PASSES; i++)
		found += g_hash_table_contains(contacts, GINT_TO_POINTER(i % CONTACTS + 1));
}

static void import(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	while (sem_wait(&go))
		;
	for (int i = 0; i < CONTACTS * PASSES; i++)
		g_hash_table_insert(contacts, GINT_TO_POINTER(i % CONTACTS + 1), GINT_TO_POINTER(100 + i));
	g_task_return_boolean(task, TRUE);
}

static void imported(GObject *source, GAsyncResult *result, gpointer loop)
{
	g_task_propagate_boolean(G_TASK(result), NULL);
	look_up();
	g_main_loop_quit(loop);
}

int main(void)
{
	GMainLoop *loop = g_main_loop_new(NULL, FALSE);
	GTask *task;

	sem_init(&go, 0, 0);
	contacts = g_hash_table_new(NULL, NULL);
	for (int i = 1; i <= CONTACTS; i++)
		g_hash_table_insert(contacts, GINT_TO_POINTER(i), GINT_TO_POINTER(50 + i));
	task = g_task_new(NULL, NULL, imported, loop);
	g_task_run_in_thread(task, import);
	sem_post(&go);
	g_main_loop_run(loop);
	g_object_unref(task);
	g_main_loop_unref(loop);
	printf("%d contacts found\n", found);
	return 0;
}
