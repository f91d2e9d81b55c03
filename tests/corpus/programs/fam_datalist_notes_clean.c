/* CORPUS label=clean family=gdatalist primitive=gmutex atomics=none repeats=yes twin=fam_datalist_notes_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * An image carries keyed notes (where it was taken, by whom, how bright): one thread measures, the
 * other one prints all notes.
 * A mutex of the image keeps changes away while the walk lasts.
 */
#include <glib.h>
#include <stdio.h>

static struct {
	GData *notes;
	GMutex lock;
} image;
static GQuark brightness, contrast, place;

static void add_note(GQuark id, gpointer value, gpointer sum)
{
	*(gsize *)sum += id + GPOINTER_TO_SIZE(value) % 3;
}

static gsize print_size(void)
{
	gsize sum = 0;

	g_mutex_lock(&image.lock);
	g_datalist_foreach(&image.notes, add_note, &sum);
	g_mutex_unlock(&image.lock);
	return sum;
}

static gpointer measure(gpointer unused)
{
	(void)unused;
	for (int round = 1; round <= 2000; round++) {
		g_mutex_lock(&image.lock);
		g_datalist_id_set_data(&image.notes, round & 1 ? brightness : contrast, GINT_TO_POINTER(round));
		g_mutex_unlock(&image.lock);
	}
	return NULL;
}

int main(void)
{
	GThread *thread;
	gsize sum;

	brightness = g_quark_from_static_string("brightness");
	contrast = g_quark_from_static_string("contrast");
	place = g_quark_from_static_string("place");
	g_datalist_init(&image.notes);
	g_datalist_id_set_data(&image.notes, brightness, GINT_TO_POINTER(50));
	g_datalist_id_set_data(&image.notes, contrast, GINT_TO_POINTER(50));
	g_datalist_id_set_data(&image.notes, place, "harbour");
	sum = print_size();
	thread = g_thread_new("measure", measure, NULL);
	for (int page = 0; page < 2000; page++)
		sum += print_size();
	g_thread_join(thread);
	printf("notes %s\n", sum ? "printed" : "missing");
	g_datalist_clear(&image.notes);
	return 0;
}
