/* SPDX-License-Identifier: MIT */
/*
 * demo_program.c - a phone book in a tree of tsearch(), used by two threads: the racy program of `race demo`.
 *
 *	thread   function         lock, racy      lock, fixed
 *	main     phonebook_find   taken           taken
 *	import   phonebook_add    forgotten       taken
 *
 * A real race: the look-up is still inside the tree when the addition changes it. It comes in every run, because the comparison
 * function, which tfind() calls from inside, waits until the other thread has added its entry or stands before the lock. That
 * hand-over goes through a plain counter in memory, which orders nothing for an observer of calls. The tree survives: it has two
 * entries, the new one goes below a leaf, and nothing is freed.
 *
 * The functions have names in the dynamic table, so that a report of a stripped command names them, too.
 */
#include <pthread.h>
#include <sched.h>
#include <search.h>
#include <string.h>
#include <unistd.h>

#include "demo.h"

#define SHOWN __attribute__((noinline, noclone, visibility("default")))

struct person {
	const char *name, *number;
};

enum { NOBODY, LOOKING, ADDED };

static void *book;
static pthread_mutex_t book_lock = PTHREAD_MUTEX_INITIALIZER;
static int turn, is_fixed;

static int not_yet(int least)
{
	return __atomic_load_n(&turn, __ATOMIC_ACQUIRE) < least;
}

static void wait_for(int least)
{
	while (not_yet(least))
		sched_yield();
}

static void next_turn(int to)
{
	__atomic_store_n(&turn, to, __ATOMIC_RELEASE);
}

static int by_name(const void *a, const void *b)
{
	const struct person *x = a, *y = b;

	if (__atomic_load_n(&turn, __ATOMIC_RELAXED) == NOBODY && !strcmp(x->name, "bob")) {
		next_turn(LOOKING);
		wait_for(ADDED);
	}
	return strcmp(x->name, y->name);
}

SHOWN const char *phonebook_find(const char *name);
SHOWN void phonebook_add(const struct person *person);
SHOWN void *phonebook_import(void *arg);

const char *phonebook_find(const char *name)
{
	struct person asked = { name, NULL };
	struct person **found;

	pthread_mutex_lock(&book_lock);
	found = tfind(&asked, &book, by_name); /* RACE HERE */
	pthread_mutex_unlock(&book_lock);
	return found ? (*found)->number : NULL;
}

void phonebook_add(const struct person *person)
{
	if (is_fixed)
		pthread_mutex_lock(&book_lock); /* what the racy program forgets */
	tsearch(person, &book, by_name); /* RACE HERE */
	if (is_fixed)
		pthread_mutex_unlock(&book_lock);
}

void *phonebook_import(void *arg)
{
	static const struct person dora = { "dora", "0184" };

	wait_for(LOOKING);
	if (is_fixed)
		next_turn(ADDED); /* on its way: the lock keeps it out until the look-up is over */
	phonebook_add(&dora);
	next_turn(ADDED);
	return arg;
}

int demo_program(int fixed)
{
	static const struct person alice = { "alice", "0117" }, carol = { "carol", "0159" };
	pthread_t import;

	alarm(60);
	is_fixed = fixed;
	tsearch(&carol, &book, by_name);
	tsearch(&alice, &book, by_name);
	if (pthread_create(&import, NULL, phonebook_import, NULL) != 0)
		return 1;
	phonebook_find("bob");
	pthread_join(import, NULL);
	return 0;
}
