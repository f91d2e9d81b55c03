/* SPDX-License-Identifier: MIT */
/* BUILD: jansson */
/* jansson_torn.c - objects of jansson. See torn.h. */
#include <jansson.h>

#include "torn.h"

static json_t *maps[2];

static void make(void)
{
	maps[0] = json_object();
	maps[1] = json_object();
}

static int look(int map, int key)
{
	return json_object_get(maps[map], names[key]) != NULL;
}

static void put(int map, int key)
{
	json_object_set_new(maps[map], names[key], json_true());
}

static void drop(int map, int key)
{
	json_object_del(maps[map], names[key]);
}
