/* CORPUS label=clean family=uthash primitive=sem atomics=none repeats=no twin=fam_ut_blacklist_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: -Iinclude */
/*
 * A list of banned words in a uthash table, handed over with a semaphore.
 * The filter is told to begin when all words are in; then everybody only reads.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>

#include "librace_uthash.h"

struct banned {
	const char *word;
	UT_hash_handle hh;
};

static struct banned list[] = { { .word = "spam" }, { .word = "eggs" }, { .word = "ham" }, { .word = "cheese" } };
static struct banned *table;
static sem_t ready;

static void ban(struct banned *b)
{
	HASH_ADD_KEYPTR(hh, table, b->word, strlen(b->word), b);
}

static void *filter(void *text)
{
	struct banned *b;
	long hits = 0;

	while (sem_wait(&ready) != 0)
		;
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		HASH_FIND_STR(table, word, b);
		hits += b != NULL;
	}
	return (void *)hits;
}

int main(void)
{
	static char text[] = "toast and eggs with ham but no tomatoes";
	pthread_t thread;
	void *hits;

	sem_init(&ready, 0, 0);
	pthread_create(&thread, NULL, filter, text);
	for (int i = 0; i < 3; i++)
		ban(&list[i]);
	ban(&list[3]);
	sem_post(&ready);
	pthread_join(thread, &hits);
	printf("%ld banned words\n", (long)hits);
	return 0;
}
