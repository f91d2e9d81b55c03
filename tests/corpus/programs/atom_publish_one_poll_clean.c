/* CORPUS label=clean family=tsearch primitive=atomic_pointer atomics=own repeats=no twin=atom_publish_one_poll_racy */
/* SPDX-License-Identifier: MIT */
/*
 * A helper thread sorts the synonyms into a tree while the main thread does something else for 20 ms. Then main asks
 * ONCE whether the tree is there, and does without it if not.
 * The helper publishes the tree's root, with a release store, when it is complete.
 */
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct index {
	void *root;
};

static struct index synonyms;
static struct index *published;

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void *sort_synonyms(void *arg)
{
	static const char *const early[] = { "big", "large", "huge", "vast" };
	static const char *const late[] = { "great", "grand" };

	for (int i = 0; i < 4; i++)
		tsearch(early[i], &synonyms.root, compare);
	for (int i = 0; i < 2; i++)
		tsearch(late[i], &synonyms.root, compare);
	__atomic_store_n(&published, &synonyms, __ATOMIC_RELEASE);
	return arg;
}

int main(void)
{
	struct index *index;
	const char *answer = "too early";
	pthread_t helper;

	pthread_create(&helper, NULL, sort_synonyms, NULL);
	usleep(20000);
	index = __atomic_load_n(&published, __ATOMIC_ACQUIRE);
	if (index)
		answer = tfind("great", &index->root, compare) ? "known" : "unknown";
	pthread_join(helper, NULL);
	printf("great: %s\n", answer);
	return 0;
}
