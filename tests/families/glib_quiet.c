/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 gobject-2.0 */
/*
 * glib_quiet.c - tables inside GLib that its own locks guard, and that any thread may use: names of quarks and interned strings, keyed
 * data of datasets and objects, types, properties and signals, queues.
 */
#include <glib-object.h>

#include "family.h"

enum { THREADS = 4, ROUNDS = 1500 };

static GObject *shared;
static GData *list;
static GAsyncQueue *queue;
static const char place[1];

static void *work(void *arg)
{
	int from = GPOINTER_TO_INT(arg);
	gsize sum = 0;

	for (int i = 0; i < ROUNDS; i++) {
		char name[32];
		GQuark quark;
		gpointer taken;

		g_snprintf(name, sizeof(name), "name-%d", (from * 37 + i) % 200);
		quark = g_quark_from_string(name);
		sum += g_intern_string(name) == g_quark_to_string(quark);
		g_datalist_id_set_data_full(&list, quark, g_strdup(name), g_free);
		if (i % 9 == 0)
			g_datalist_id_remove_data(&list, quark);
		g_dataset_id_set_data(place, quark, GINT_TO_POINTER(i));
		sum += g_dataset_id_get_data(place, quark) != NULL;
		g_object_set_qdata_full(shared, quark, g_strdup(name), g_free);
		sum += g_object_get_qdata(shared, quark) != NULL;
		if (i % 11 == 0)
			g_object_set_qdata(shared, quark, NULL);
		g_object_unref(g_object_ref(shared));
		sum += g_type_from_name(name) != 0;
		g_async_queue_push(queue, GINT_TO_POINTER(i + 1));
		taken = g_async_queue_try_pop(queue);
		sum += taken != NULL;
	}
	return GSIZE_TO_POINTER(sum);
}

int main(void)
{
	GThread *threads[THREADS];

	shared = g_object_new(G_TYPE_OBJECT, NULL);
	queue = g_async_queue_new();
	g_datalist_init(&list);
	for (int i = 0; i < THREADS; i++)
		threads[i] = g_thread_new("work", work, GINT_TO_POINTER(i));
	for (int i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
	g_datalist_clear(&list);
	g_dataset_destroy(place);
	g_async_queue_unref(queue);
	g_object_unref(shared);
	return 0;
}
