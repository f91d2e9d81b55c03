/* CORPUS label=clean family=tsearch primitive=pthread_rwlock atomics=none repeats=yes twin=fam_tsearch_roster_racy */
/* SPDX-License-Identifier: MIT */
/*
 * A roster of guests in a search tree; the door adds who comes, the kitchen walks over it to count meals.
 * The door adds under the write lock.
 */
#include <pthread.h>
#include <search.h>
#include <stdint.h>
#include <stdio.h>

static void *roster;
static pthread_rwlock_t roster_lock = PTHREAD_RWLOCK_INITIALIZER;
static int meals;

static int by_name(const void *a, const void *b)
{
	return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

static void count_meal(const void *node, VISIT visit, int depth)
{
	(void)node;
	(void)depth;
	if (visit == postorder || visit == leaf)
		meals++;
}

static void arrive(uintptr_t guest)
{
	pthread_rwlock_wrlock(&roster_lock);
	tsearch((void *)guest, &roster, by_name);
	pthread_rwlock_unlock(&roster_lock);
}

static void *door(void *unused)
{
	(void)unused;
	for (uintptr_t i = 1; i <= 1200; i++)
		arrive(1 + i * 37 % 150);
	return NULL;
}

int main(void)
{
	pthread_t thread;

	for (uintptr_t i = 1; i <= 150; i++)
		if (i % 16)
			arrive(i);
	pthread_create(&thread, NULL, door, NULL);
	for (int course = 0; course < 600; course++) {
		pthread_rwlock_rdlock(&roster_lock);
		meals = 0;
		twalk(roster, count_meal);
		pthread_rwlock_unlock(&roster_lock);
	}
	pthread_join(thread, NULL);
	printf("kitchen %s\n", meals > 0 ? "busy" : "idle");
	return 0;
}
