/* SPDX-License-Identifier: MIT */
/* BUILD: -g */
/* tree_torn.c - tsearch, whose keys only the comparison knows: never judged. See torn.h. */
#include <search.h>

#include "torn.h"

static void *maps[2];

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void make(void)
{
}

static int look(int map, int key)
{
	return tfind(names[key], &maps[map], compare) != NULL;
}

static void put(int map, int key)
{
	tsearch(names[key], &maps[map], compare);
}

static void drop(int map, int key)
{
	tdelete(names[key], &maps[map], compare);
}
