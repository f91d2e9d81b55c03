/* CORPUS label=clean family=tsearch primitive=pthread_mutex atomics=none repeats=no twin=prim_mutex_recursive_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/*
 * An index of words behind a recursive mutex: add_line() holds it and calls add_word(), which takes it again and is
 * also called on its own.
 * Every way into the tree passes through the lock at least once.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = { "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel" };
enum { WORDS = sizeof(words) / sizeof(words[0]), LINES = 400 };

static void *word_index;
static pthread_mutex_t index_lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void add_word(const char *word)
{
	pthread_mutex_lock(&index_lock);
	if (!tsearch(word, &word_index, compare))
		abort();
	pthread_mutex_unlock(&index_lock);
}

static void add_line(int line)
{
	pthread_mutex_lock(&index_lock);
	add_word(words[line % WORDS]);
	add_word(words[(line + 3) % WORDS]);
	pthread_mutex_unlock(&index_lock);
}

static void *reader(void *unused)
{
	for (int i = 0; i < LINES; i++)
		add_line(i);
	return unused;
}

static int spell(const char *text)
{
	char word[16];
	int known;

	sscanf(text, "%15s", word);
	pthread_mutex_lock(&index_lock);
	known = tfind(word, &word_index, compare) != NULL;
	pthread_mutex_unlock(&index_lock);
	return known;
}

int main(void)
{
	pthread_t thread;
	int known = 0;

	for (int i = 0; i < WORDS; i++)
		add_word(words[i]);
	pthread_create(&thread, NULL, reader, NULL);
	for (int i = 0; i < LINES; i++)
		known += spell(words[i % WORDS]);
	pthread_join(thread, NULL);
	printf("%d words known\n", known);
	return 0;
}
