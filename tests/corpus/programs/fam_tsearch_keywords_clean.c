/* CORPUS label=clean family=tsearch primitive=once atomics=none repeats=no twin=fam_tsearch_keywords_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/*
 * The keywords of a little language, put into a tree by the first lexer that asks, read by all afterwards.
 * pthread_once() tells who is first; afterwards nobody writes, nobody locks.
 */
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <string.h>

static const char *const words[] = { "let", "in", "where", "case", "of", "if", "then", "else" };
static void *keywords;
static pthread_once_t keywords_once = PTHREAD_ONCE_INIT;

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void keywords_load(void)
{
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		tsearch(words[i], &keywords, compare);
}

static int is_keyword(const char *word)
{
	pthread_once(&keywords_once, keywords_load);
	return tfind(word, &keywords, compare) != NULL;
}

static void *lex(void *text)
{
	char copy[80], *rest, *word;
	long found = 0;

	strcpy(copy, text);
	for (word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		found += is_keyword(word);
	return (void *)found;
}

int main(void)
{
	pthread_t one, two;
	void *a, *b;

	pthread_create(&one, NULL, lex, "let x be five in x plus x");
	pthread_create(&two, NULL, lex, "case x of zero if none then nothing");
	pthread_join(one, &a);
	pthread_join(two, &b);
	printf("%s\n", (long)a + (long)b <= 8 ? "lexed" : "miscounted");
	return 0;
}
