/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * datalist_notes_race.c - notes on a document are printed while a spell checker adds some.
 *
 *	thread    function      lock         races
 *	checker   note_add      none         with the walk
 *	main      notes_print   notes_lock   with the change
 *
 * A GData protects itself when entries are set and got, which makes it look safe. g_datalist_foreach does not take
 * part in that: it reads an array that a new entry moves.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>

#include "turns.h"

static GData *notes;
static GMutex notes_lock;

static void note_add(const char *where, const char *text)
{
	g_datalist_set_data(&notes, where, (gpointer)text); /* RACE HERE */
	turn_over();
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
	g_datalist_foreach(&notes, print_note, &n); /* RACE HERE */
	g_mutex_unlock(&notes_lock);
	return n;
}

static void *checker(void *arg)
{
	turn_wait(1);
	note_add("line 3", "recieve");
	turn_wait(3);
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
	turn_wait(0);
	before = notes_print();
	turn_over();
	turn_wait(2);
	now = notes_print();
	turn_over();
	pthread_join(thread, NULL);
	printf("%d, then %d\n", before, now);
	g_datalist_clear(&notes);
	return 0;
}
