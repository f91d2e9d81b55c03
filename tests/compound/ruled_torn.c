/* SPDX-License-Identifier: MIT */
/* BUILD: -g */
/* ruled_torn.c - functions of the program itself, told by rules with keys. See torn.h. */
#define FINDS_UNSEEN
#include "torn.h"

struct table {
	int used[2];
};
static struct table maps[2];

static void make(void)
{
}

__attribute__((noinline)) int table_find(struct table *t, const char *name);
__attribute__((noinline)) void table_put(struct table *t, const char *name);
__attribute__((noinline)) void table_drop(struct table *t, const char *name);

int table_find(struct table *t, const char *name)
{
	STAY(table_find);
	return t->used[name == names[1]];
}

void table_put(struct table *t, const char *name)
{
	STAY(table_put);
	t->used[name == names[1]] = 1;
}

void table_drop(struct table *t, const char *name)
{
	STAY(table_drop);
	t->used[name == names[1]] = 0;
}

static int look(int map, int key)
{
	return table_find(&maps[map], names[key]);
}

static void put(int map, int key)
{
	table_put(&maps[map], names[key]);
}

static void drop(int map, int key)
{
	table_drop(&maps[map], names[key]);
}
