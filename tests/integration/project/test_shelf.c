/* SPDX-License-Identifier: MIT */
/*
 * test_shelf.c - test_shelf locked|forgotten|broken: two threads use one shelf, one after the other.
 *
 *	locked      the lock is taken on both sides
 *	forgotten   put() takes none: a data race, and nothing that this test would notice
 *	broken      the same, and an expectation that does not hold: status 3
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "shelf.h"
#include "turns.h"

static struct shelf shelf;

static void *putter(void *unused)
{
	(void)unused;
	turn_wait(1);
	shelf_put(&shelf, 2, "Middlemarch");
	return NULL;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "locked";
	pthread_t thread;
	unsigned size;

	shelf_open(&shelf, !strcmp(how, "locked"));
	shelf_put(&shelf, 1, "Emma");
	pthread_create(&thread, NULL, putter, NULL);
	shelf_find(&shelf, 1);
	turn_over();
	pthread_join(thread, NULL);
	size = g_hash_table_size(shelf.books);
	shelf_close(&shelf);
	printf("%u books\n", size);
	return size == (strcmp(how, "broken") ? 2 : 3) ? 0 : 3;
}
