/* SPDX-License-Identifier: MIT */
/* BUILD: json-c */
/* json_c_torn.c - objects of json-c. See torn.h. */
#include <json.h>

#include "torn.h"

static struct json_object *maps[2];

static void make(void)
{
	maps[0] = json_object_new_object();
	maps[1] = json_object_new_object();
}

static int look(int map, int key)
{
	return json_object_object_get_ex(maps[map], names[key], NULL);
}

static void put(int map, int key)
{
	json_object_object_add(maps[map], names[key], NULL);
}

static void drop(int map, int key)
{
	json_object_object_del(maps[map], names[key]);
}
