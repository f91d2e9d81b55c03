/* SPDX-License-Identifier: MIT */
/* BUILD: -g */
/* entered_torn.c - hsearch, whose insertion leaves a present entry alone: never judged. See torn.h. */
#include <search.h>

#include "torn.h"

static struct hsearch_data maps[2];

static void make(void)
{
	hcreate_r(8, &maps[0]);
	hcreate_r(8, &maps[1]);
}

static int look(int map, int key)
{
	ENTRY e = { (char *)names[key], NULL }, *found;

	return hsearch_r(e, FIND, &found, &maps[map]);
}

static void put(int map, int key)
{
	ENTRY e = { (char *)names[key], (char *)"tree" }, *found;

	hsearch_r(e, ENTER, &found, &maps[map]);
}

static void drop(int map, int key)
{
	put(map, key);
}
