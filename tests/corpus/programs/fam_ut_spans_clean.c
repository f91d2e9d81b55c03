/* CORPUS label=clean family=uthash primitive=join atomics=none repeats=yes twin=fam_ut_spans_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: -Iinclude */
/*
 * Spans of a trace, gathered in two tables of uthash, one a thread, and moved into one at the end.
 * Each thread has a table of its own, and main moves the second one's spans when both are joined.
 */
#include <pthread.h>
#include <stdio.h>

#include "librace_uthash.h"

#define SPANS 150

struct span {
	int id, length;
	UT_hash_handle hh;
};

static struct span spans[2][SPANS], *mine, *others;
static long longest;

static void record(struct span **table, struct span *s, int id)
{
	s->id = id;
	s->length = id * 7 % 31;
	HASH_ADD_INT(*table, id, s);
}

static void *walker(void *unused)
{
	struct span *s, *next;

	(void)unused;
	for (int round = 0; round < 300; round++)
		HASH_ITER (hh, mine, s, next)
			longest = s->length > longest ? s->length : longest;
	return NULL;
}

static void *recorder(void *unused)
{
	(void)unused;
	for (int i = 0; i < SPANS; i++)
		record(&others, &spans[1][i], 1000 + i);
	return NULL;
}

int main(void)
{
	pthread_t one, two;
	struct span *s, *next;

	for (int i = 0; i < SPANS; i++)
		record(&mine, &spans[0][i], i);
	pthread_create(&one, NULL, walker, NULL);
	pthread_create(&two, NULL, recorder, NULL);
	pthread_join(one, NULL);
	pthread_join(two, NULL);
	HASH_ITER (hh, others, s, next) {
		HASH_DEL(others, s);
		HASH_ADD_INT(mine, id, s);
	}
	printf("longest span %ld\n", longest);
	return 0;
}
