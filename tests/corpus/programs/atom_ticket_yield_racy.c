/* CORPUS label=racy family=tsearch primitive=atomic_ticket atomics=own repeats=yes twin=atom_ticket_yield_clean cause=lock_dropped_early */
/* SPDX-License-Identifier: MIT */
/*
 * An index of words (a tsearch tree) behind a ticket lock that yields while it waits. A scanner adds words now and
 * then, a spell checker asks for them.
 * The scanner counts the word under the lock, but adds it to the tree after it has let the lock go.
 */
#include <pthread.h>
#include <sched.h>
#include <search.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { WORDS = 200 };

static void *words;
static long known[WORDS];
static int counted;
static atomic_uint next_ticket, now_serving;

static void lock(void)
{
	unsigned mine = atomic_fetch_add_explicit(&next_ticket, 1, memory_order_relaxed);

	while (atomic_load_explicit(&now_serving, memory_order_acquire) != mine)
		sched_yield();
}

static void unlock(void)
{
	unsigned mine = atomic_load_explicit(&now_serving, memory_order_relaxed);

	atomic_store_explicit(&now_serving, mine + 1, memory_order_release);
}

static int compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static void *scanner(void *arg)
{
	for (int i = 0; i < WORDS; i++) {
		known[i] = (i * 7919L) % 1009;
		lock();
		counted++;
		unlock();
		tsearch(&known[i], &words, compare);
		usleep(100);
	}
	return arg;
}

static void *checker(void *arg)
{
	long *hits = arg;
	int all = 0;

	for (long i = 0; i < WORDS || !all; i++) {
		lock();
		all = counted == WORDS;
		*hits += tfind(&i, &words, compare) != NULL;
		unlock();
		usleep(100);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	long hits = 0;

	pthread_create(&threads[0], NULL, scanner, NULL);
	pthread_create(&threads[1], NULL, checker, &hits);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	printf("%d words, %s\n", counted, hits ? "some were asked for" : "none was asked for");
	return 0;
}
