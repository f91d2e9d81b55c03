/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * datalist_notes_fixed.c - notes on a document are printed while a spell checker adds some.
 *
 * The twin of datalist_notes_race.c: changes hold the lock that walks hold.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

static GData *notes;
static GMutex notes_lock;

static void note_add(const char *where, const char *text)
{
	g_mutex_lock(&notes_lock);
	g_datalist_set_data(&notes, where, (gpointer)text);
	g_mutex_unlock(&notes_lock);
}

static void print_note(GQuark where, gpointer text, gpointer count)
{
	printf("%s: %s\n", g_quark_to_string(where), (const char *)text);
	++*(int *)count;
}

static int notes_print(void)
{
	int n = 0;

	g_mutex_lock(&notes_lock);
	g_datalist_foreach(&notes, print_note, &n);
	g_mutex_unlock(&notes_lock);
	return n;
}

static void *checker(void *arg)
{
	note_add("line 3", "recieve");
	note_add("line 9", "seperate");
	return arg;
}

int main(void)
{
	pthread_t thread;
	int before, now;

	g_datalist_init(&notes);
	g_datalist_set_data(&notes, "line 1", (gpointer) "no title");
	pthread_create(&thread, NULL, checker, NULL);
	before = notes_print();
	now = notes_print();
	pthread_join(thread, NULL);
	printf("%d, then %d\n", before, now);
	g_datalist_clear(&notes);
	return 0;
}
