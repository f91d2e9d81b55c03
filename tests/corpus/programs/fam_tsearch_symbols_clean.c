/* CORPUS label=clean family=tsearch primitive=pthread_mutex atomics=none repeats=yes twin=fam_tsearch_symbols_racy */
/* SPDX-License-Identifier: MIT */
/*
 * An assembler's symbol table: a reader of definitions enters symbols, the code generator asks for them.
 * Both take the lock.
 */
#include <pthread.h>
#include <search.h>
#include <stdio.h>

struct symbol {
	int number, address;
};

static struct symbol symbols[200];
static void *by_number;
static pthread_mutex_t symbols_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t pass;

static int compare(const void *a, const void *b)
{
	return ((const struct symbol *)a)->number - ((const struct symbol *)b)->number;
}

static void define(int number)
{
	symbols[number].number = number;
	symbols[number].address = number * 16;
	pthread_mutex_lock(&symbols_lock);
	tsearch(&symbols[number], &by_number, compare);
	pthread_mutex_unlock(&symbols_lock);
}

static int is_known(int number)
{
	struct symbol asked = { .number = number };
	void *found;

	pthread_mutex_lock(&symbols_lock);
	found = tfind(&asked, &by_number, compare);
	pthread_mutex_unlock(&symbols_lock);
	return found != NULL;
}

static void *read_definitions(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&pass);
	for (int i = 0; i < 1000; i++)
		define(i / 5);
	pthread_barrier_wait(&pass);
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int known = 0;

	for (int i = 0; i < 200; i += 10)
		define(i);
	pthread_barrier_init(&pass, NULL, 2);
	pthread_create(&thread, NULL, read_definitions, NULL);
	pthread_barrier_wait(&pass);
	for (int i = 0; i < 1000; i++)
		known += is_known(i * 7 % 200);
	pthread_barrier_wait(&pass);
	pthread_join(thread, NULL);
	printf("symbols %s\n", known >= 100 ? "known" : "unknown");
	return 0;
}
