/* SPDX-License-Identifier: MIT */
/*
 * uthash_ops.c - every uthash macro once, in C and C++, with the same result with and without librace_uthash.h. Each
 * step announces itself on descriptor 2, so that what the recorder writes stands under its name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef PLAIN
#include <uthash.h>
#else
#include "../../include/librace_uthash.h"
#endif

struct item {
	int id;
	char name[16];
	void *ptr;
	UT_hash_handle hh, hh2;
};

static struct item items[400];
static long total;

static void step(const char *name)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "== %s\n", name);

	if (write(2, text, (size_t)n) != n)
		exit(3);
}

static int by_id(const struct item *a, const struct item *b)
{
	return a->id - b->id;
}

#define ODD(e) (((struct item *)(e))->id & 1)

static void by_value(struct item *head, int id)
{
	struct item *found;

	HASH_FIND_INT(head, &id, found);
	total += found ? found->id : -1;
}

static struct item *make(int id)
{
	struct item *e = &items[id];

	memset(e, 0, sizeof(*e));
	e->id = id;
	snprintf(e->name, sizeof(e->name), "name%d", id);
	e->ptr = (void *)(size_t)(0x1000 + id);
	return e;
}

int main(void)
{
	struct item *head = NULL, *other = NULL, *names = NULL, *found, *e, *tmp;
	void *where;
	int i, id = 1;
	unsigned hashv;

	step("find in empty");
	HASH_FIND_INT(head, &id, found);
	total += !found;
	step("count empty");
	total += (long)HASH_COUNT(head);
	step("iterate empty");
	HASH_ITER (hh, head, e, tmp)
		total += e->id;
	step("sort empty");
	HASH_SORT(head, by_id);
	step("clear empty");
	HASH_CLEAR(hh, head);
	step("first add");
	e = make(2);
	HASH_ADD_INT(head, id, e);
	step("second add");
	e = make(1);
	HASH_ADD_INT(head, id, e);
	step("find");
	HASH_FIND_INT(head, &id, found);
	total += found->id;
	step("find by value");
	by_value(head, 2);
	step("general find");
	HASH_FIND(hh, head, &id, sizeof(id), found);
	total += found->id;
	step("find by hash value");
	HASH_VALUE(&id, sizeof(id), hashv);
	HASH_FIND_BYHASHVALUE(hh, head, &id, sizeof(id), hashv, found);
	total += found->id;
	step("add by hash value");
	id = 3;
	HASH_VALUE(&id, sizeof(id), hashv);
	e = make(3);
	HASH_ADD_BYHASHVALUE(hh, head, id, sizeof(int), hashv, e);
	step("sort");
	HASH_SORT(head, by_id);
	step("general sort");
	HASH_SRT(hh, head, by_id);
	step("iterate three");
	HASH_ITER (hh, head, e, tmp)
		total = total * 10 + e->id;
	step("count");
	total += (long)HASH_COUNT(head);
	step("add in order");
	e = make(4);
	HASH_ADD_INORDER(hh, head, id, sizeof(int), e, by_id);
	step("replace");
	e = make(5);
	HASH_REPLACE_INT(head, id, e, found);
	total += !found;
	step("select");
	HASH_SELECT(hh2, other, hh, head, ODD);
	for (e = other; e; e = (struct item *)e->hh2.next)
		total = total * 10 + e->id;
	step("clear");
	HASH_CLEAR(hh2, other);
	total += other == NULL;
	step("delete");
	id = 4;
	HASH_FIND(hh, head, &id, sizeof(id), found);
	step("delete proper");
	HASH_DEL(head, found);
	step("grow");
	for (i = 10; i < 400; i++) {
		e = make(i);
		HASH_ADD_INT(head, id, e);
	}
	step("shrink");
	HASH_ITER (hh, head, e, tmp) {
		total = total * 31 % 1000003 + e->id;
		if (e->id >= 10)
			HASH_DEL(head, e);
	}
	step("delete all in a loop");
	HASH_ITER (hh, head, e, tmp)
		HASH_DELETE(hh, head, e);
	total += head == NULL;
	step("strings");
	e = make(7);
	HASH_ADD_STR(names, name, e);
	HASH_FIND_STR(names, "name7", found);
	total += found->id;
	e = make(8);
	HASH_REPLACE_STR(names, name, e, found);
	HASH_DEL(names, names);
	step("delete the last");
	HASH_DELETE(hh, names, names);
	step("pointers");
	e = make(9);
	HASH_ADD_PTR(names, ptr, e);
	where = items[9].ptr;
	HASH_FIND_PTR(names, &where, found);
	total += found->id;
	e = make(11);
	HASH_ADD_KEYPTR(hh, names, items[11].name, strlen(items[11].name), &items[11]);
	step("last clear");
	HASH_CLEAR(hh, names);
	printf("%ld\n", total);
	return 0;
}
