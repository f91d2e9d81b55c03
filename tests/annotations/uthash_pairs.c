/* SPDX-License-Identifier: MIT */
/* uthash_pairs.c - each uthash operation against one it conflicts with; -DLOCKED puts a mutex around both sides. */
#include <stdio.h>
#include <stdlib.h>

#include "../../include/librace_uthash.h"
#include "pairs.h"

struct item {
	int id;
	char name[8];
	UT_hash_handle hh, hh2;
};

static struct item *table, *chosen;
static struct item items[64];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#ifdef LOCKED
#define RACES "silent"
#define LOCK pthread_mutex_lock(&lock)
#define UNLOCK pthread_mutex_unlock(&lock)
#else
#define RACES "DATA RACE"
#define LOCK ((void)lock)
#define UNLOCK ((void)lock)
#endif

static struct item *make(int id)
{
	struct item *e = &items[id];

	e->id = id;
	snprintf(e->name, sizeof(e->name), "n%d", id);
	return e;
}

static int by_id(const struct item *a, const struct item *b)
{
	return b->id - a->id;
}

#define ANY(e) ((e) != NULL)

#define SIDE(name, code)              \
	static void name(void)        \
	{                             \
		struct item *e, *tmp; \
		int id = 1;           \
		(void)e;              \
		(void)tmp;            \
		(void)id;             \
		LOCK;                 \
		code;                 \
		UNLOCK;               \
	}

static void fill(void)
{
	for (int id = 1; id <= 3; id++) {
		struct item *e = make(id);

		HASH_ADD_INT(table, id, e);
	}
}

SIDE(add, e = make(10); HASH_ADD_INT(table, id, e))
SIDE(add_other, e = make(11); HASH_ADD_INT(table, id, e))
SIDE(add_text, e = make(12); HASH_ADD_STR(table, name, e))
SIDE(add_ordered, e = make(13); HASH_ADD_INORDER(hh, table, id, sizeof(int), e, by_id))
SIDE(add_hashed, e = make(14); HASH_ADD_BYHASHVALUE(hh, table, id, sizeof(int), 99u, e))
SIDE(find, HASH_FIND_INT(table, &id, e))
SIDE(find_text, HASH_FIND_STR(table, "n2", e))
SIDE(find_hashed, HASH_FIND_BYHASHVALUE(hh, table, &id, sizeof(int), 99u, e))
SIDE(replace, e = make(15); HASH_REPLACE_INT(table, id, e, tmp))
SIDE(del, HASH_DEL(table, &items[2]))
SIDE(clear, HASH_CLEAR(hh, table))
SIDE(sort, HASH_SORT(table, by_id))
SIDE(walk, HASH_ITER(hh, table, e, tmp) id++)
SIDE(count, id += (int)HASH_COUNT(table))
SIDE(choose, HASH_SELECT(hh2, chosen, hh, table, ANY))
SIDE(walk_chosen, id += (int)HASH_CNT(hh2, chosen))
SIDE(empty_out, HASH_ITER(hh, table, e, tmp) HASH_DEL(table, e))

int main(int argc, char **argv)
{
	static const struct pair pairs[] = {
		{ "first_adds", RACES, NULL, add, add_other },
		{ "find_in_empty_and_first_add", RACES, NULL, find, add },
		{ "count_of_empty_and_first_add", RACES, NULL, count, add },
		{ "walk_of_empty_and_first_ordered_add", RACES, NULL, walk, add_ordered },
		{ "two_finds", "silent", fill, find, find_text },
		{ "walk_and_find", "silent", fill, walk, find },
		{ "count_and_walk", "silent", fill, count, walk },
		{ "adds", RACES, fill, add, add_other },
		{ "add_text_and_find_text", RACES, fill, add_text, find_text },
		{ "ordered_add_and_find", RACES, fill, add_ordered, find },
		{ "hashed_add_and_hashed_find", RACES, fill, add_hashed, find_hashed },
		{ "find_and_add", RACES, fill, find, add },
		{ "walk_and_add", RACES, fill, walk, add },
		{ "count_and_add", RACES, fill, count, add },
		{ "replace_and_find", RACES, fill, replace, find },
		{ "find_and_replace", RACES, fill, find, replace },
		{ "delete_and_find", RACES, fill, del, find },
		{ "walk_and_delete", RACES, fill, walk, del },
		{ "sort_and_walk", RACES, fill, sort, walk },
		{ "find_and_sort", RACES, fill, find, sort },
		{ "clear_and_find", RACES, fill, clear, find },
		{ "find_and_clear", RACES, fill, find, clear },
		{ "select_and_add", RACES, fill, choose, add },
		{ "add_and_select", RACES, fill, add, choose },
		{ "select_and_count_of_selected", RACES, fill, choose, walk_chosen },
		{ "find_and_empty_out", RACES, fill, find, empty_out },
		{ "empty_out_and_count", RACES, fill, empty_out, count },
		{ NULL, NULL, NULL, NULL, NULL },
	};

	return pairs_main(pairs, argc, argv);
}
