/* SPDX-License-Identifier: MIT */
/* BUILD: -g -Iinclude */
/* concurrent_torn.c - a map that needs no lock for single calls, told by annotations. See torn.h. */
#include <librace.h>

#define FINDS_UNSEEN
#include "torn.h"

static int maps[2][2];

static void make(void)
{
	race_map_create(maps[0], "own", RACE_CONCURRENT);
	race_map_create(maps[1], "own", RACE_CONCURRENT);
}

#define CALL(op, what)                                                                                               \
	race_begin(maps[map], op, RACE_NO_BUCKET, names[key], RACE_KEY_STRING);                                      \
	what;                                                                                                        \
	race_end(maps[map])

static int look(int map, int key)
{
	int found;

	CALL(RACE_OP_LOOKUP, found = maps[map][key]);
	return found;
}

static void put(int map, int key)
{
	CALL(RACE_OP_INSERT, maps[map][key] = 1);
}

static void drop(int map, int key)
{
	CALL(RACE_OP_REMOVE, maps[map][key] = 0);
}
