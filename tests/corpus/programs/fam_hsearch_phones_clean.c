/* CORPUS label=clean family=hsearch primitive=cond atomics=none repeats=no twin=fam_hsearch_phones_racy */
/* SPDX-License-Identifier: MIT */
/*
 * A phone book in the C library's own hash table, typed in by one thread, used by another.
 * The user waits until the typist says that it is complete.
 */
#include <pthread.h>
#include <search.h>
#include <stdio.h>

static const char *const people[] = { "ada", "alan", "barbara", "donald", "edsger", "frances", "grace", "john" };
static int numbers[8];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int complete;

static void say_complete(void)
{
	pthread_mutex_lock(&lock);
	complete = 1;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
}

static void *type_in(void *unused)
{
	(void)unused;
	for (int i = 0; i < 8; i++) {
		ENTRY entry = { .key = (char *)people[i], .data = &numbers[i] };

		numbers[i] = 1000 + 37 * i;
		hsearch(entry, ENTER);
	}
	say_complete();
	return NULL;
}

int main(void)
{
	pthread_t typist;
	int reached = 0;

	hcreate(30);
	pthread_create(&typist, NULL, type_in, NULL);
	pthread_mutex_lock(&lock);
	while (!complete)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	for (int i = 7; i >= 0; i--) {
		ENTRY asked = { .key = (char *)people[i] };

		reached += hsearch(asked, FIND) != NULL;
	}
	pthread_join(typist, NULL);
	printf("phoned %s\n", reached <= 8 ? "around" : "strangers");
	hdestroy();
	return 0;
}
