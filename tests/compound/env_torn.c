/* SPDX-License-Identifier: MIT */
/* BUILD: -g */
/* env_torn.c - the environment: other variables stand for the other map. See torn.h. */
#include "torn.h"

static const char *const variables[2][2] = { { "TORN_A", "TORN_B" }, { "TORN_C", "TORN_D" } };

static void make(void)
{
}

static int look(int map, int key)
{
	return getenv(variables[map][key]) != NULL;
}

static void put(int map, int key)
{
	setenv(variables[map][key], "tree", 1);
}

static void drop(int map, int key)
{
	unsetenv(variables[map][key]);
}
