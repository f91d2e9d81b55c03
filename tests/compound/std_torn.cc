/* SPDX-License-Identifier: MIT */
/* BUILD: -g */
/* std_torn.cc - std::map, whose keys are not seen: never judged. See torn.h. */
#include <map>
#include <string>

#include "torn.h"

static std::map<std::string, int> maps[2];

static void make(void)
{
}

static int look(int map, int key)
{
	return maps[map].count(names[key]) != 0;
}

static void put(int map, int key)
{
	maps[map][names[key]]++;
}

static void drop(int map, int key)
{
	maps[map].erase(names[key]);
}
