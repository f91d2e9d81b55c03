/* SPDX-License-Identifier: MIT */
/*
 * shelf.h - books by number, in a GLib table: what the tests of this small project test.
 */
#ifndef SHELF_H
#define SHELF_H

#include <glib.h>

struct shelf {
	GHashTable *books;
	GMutex lock;
	int locking; /* 0: whoever wrote put() forgot the lock */
};

void shelf_open(struct shelf *s, int locking);
void shelf_put(struct shelf *s, int number, const char *title);
const char *shelf_find(struct shelf *s, int number);
void shelf_close(struct shelf *s);

#endif
