/* SPDX-License-Identifier: MIT */
/* BUILD: -g -Iinclude */
/* noted_torn.c - a map of its own, told by annotations with keys. See torn.h. */
#include <librace.h>

#define FINDS_UNSEEN
#include "torn.h"

static int maps[2][2];

static void make(void)
{
}

static int look(int map, int key)
{
	int found;

	race_begin(maps[map], RACE_OP_LOOKUP, RACE_NO_BUCKET, names[key], RACE_KEY_STRING);
	found = maps[map][key];
	race_end(maps[map]);
	return found;
}

static void put(int map, int key)
{
	race_begin(maps[map], RACE_OP_INSERT, RACE_NO_BUCKET, names[key], RACE_KEY_STRING);
	maps[map][key] = 1;
	race_end(maps[map]);
}

static void drop(int map, int key)
{
	race_begin(maps[map], RACE_OP_REMOVE, RACE_NO_BUCKET, names[key], RACE_KEY_STRING);
	maps[map][key] = 0;
	race_end(maps[map]);
}
