/* SPDX-License-Identifier: MIT */
/*
 * clients.c - two clients of a private table: `clients NAME [racy]`; `clients --list` names all.
 *
 * A gate makes what the first one does end before what the second one does begins, so that only an order that librace sees
 * tells the racy twin from the silent one.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../e2e/gate.h"
#include "table.h"

static int racy;
static struct gate a_done, b_done;
static struct table *shared;
static struct own_lock locks[2];
static pthread_mutex_t mutexes[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };

#define KEEP() __asm__ volatile("" ::: "memory")

/* ---- the clients ---------------------------------------------------------------------------------------------------- */

/* What one of them does, as a function of its own: the first frame of a report that is not the table's. */
#define CLIENT(name, call)                                                                                           \
	__attribute__((noinline)) void name(void);                                                                   \
	void name(void)                                                                                              \
	{                                                                                                            \
		call;                                                                                                \
		KEEP();                                                                                              \
	}

static void nothing(const char *key, long value, void *to)
{
	(void)key;
	(void)value;
	(void)to;
}

CLIENT(put_a, table_put(shared, "alice", 1))
CLIENT(put_b, table_put(shared, "bob", 2))
CLIENT(get_a, table_get(shared, "alice"))
CLIENT(get_b, table_get(shared, "bob"))
CLIENT(del_b, table_del(shared, "alice"))
CLIENT(walk_b, table_walk(shared, nothing, NULL))
CLIENT(clear_b, table_clear(shared))
CLIENT(far_a, table_put_far(1, 2, 3, 4, 5, 6, "alice", shared, 1))
CLIENT(far_b, table_put_far(1, 2, 3, 4, 5, 6, "bob", shared, 1))
CLIENT(bytes_a, table_put_bytes(shared, "alice in chains", 5, 1))
CLIENT(bytes_b, table_put_bytes(shared, "\1\0\2", 3, 1))
CLIENT(number_a, table_put_number(shared, 7, 1))
CLIENT(number_b, table_put_number(shared, -3, 1))
CLIENT(users_a, users_put("alice", 1))
CLIENT(users_b, users_get("alice"))
CLIENT(size_b, table_size(shared))

/* Functions that a report is to name are not static: the program is stripped. */
#define NAMED __attribute__((noinline))
NAMED void all_put(void);
NAMED void put_locked(const char *key, unsigned lock);
NAMED void *new_a(void *unused);

void all_put(void)
{
	int sum = table_put_all(shared, "ildsddddddddillliisd", 1, 2L, 0.5, "three", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 4,
				5L, 6L, 7L, 8, 9, "four", 0.5);

	if (sum != 88)
		printf("a variadic call lost arguments: %d\n", sum);
	KEEP();
}
CLIENT(all_a, all_put())
CLIENT(all_b, all_put())

/* ---- orders ---------------------------------------------------------------------------------------------------------- */

static void no_lock(int which)
{
	(void)which;
}

static void mutex_lock(int which)
{
	pthread_mutex_lock(&mutexes[which]);
}

static void mutex_unlock(int which)
{
	pthread_mutex_unlock(&mutexes[which]);
}

static void spin_lock(int which)
{
	own_lock(&locks[which]);
}

static void spin_unlock(int which)
{
	own_unlock(&locks[which]);
}

/* Takes it by trying; the racy twin fails to. */
static void try_lock(int which)
{
	if (which && own_try(&locks[0]))
		abort(); /* the other side holds it */
	if (!which && !own_try(&locks[0]))
		abort();
}

static void try_unlock(int which)
{
	if (!which)
		own_unlock(&locks[0]);
}

/* A lock that its table carries; the racy twin takes that of another table. */
static struct table *other;
static void carried_lock(int which)
{
	table_lock(which ? other : shared);
}

static void carried_unlock(int which)
{
	table_unlock(which ? other : shared);
}

/* Read mode; the racy twin takes that of another lock. */
static void read_lock(int which)
{
	own_read_lock(&locks[which]);
}

static void read_unlock(int which)
{
	own_read_unlock(&locks[which]);
}

/* Read mode of one lock, also for the writer of the racy twin. */
static void shared_lock(int which)
{
	(void)which;
	own_read_lock(&locks[0]);
}

static void shared_unlock(int which)
{
	(void)which;
	own_read_unlock(&locks[0]);
}

struct scenario {
	const char *name;
	void (*a)(void), (*b)(void), (*b_racy)(void);
	void (*lock_a)(int), (*unlock_a)(int), (*lock_b)(int), (*unlock_b)(int);
	int a_keeps; /* racy: the first side gives its lock only when the second one is done */
};

#define ORDERED(name, a, b, lock, unlock) { name, a, b, b, lock, unlock, lock, unlock, 0 }
static const struct scenario scenarios[] = {
	ORDERED("put_put", put_a, put_b, mutex_lock, mutex_unlock),
	ORDERED("put_get", put_a, get_b, mutex_lock, mutex_unlock),
	ORDERED("get_put", get_a, put_b, mutex_lock, mutex_unlock),
	ORDERED("put_del", put_a, del_b, mutex_lock, mutex_unlock),
	ORDERED("put_walk", put_a, walk_b, mutex_lock, mutex_unlock),
	ORDERED("get_clear", get_a, clear_b, mutex_lock, mutex_unlock),
	ORDERED("put_size", put_a, size_b, mutex_lock, mutex_unlock),
	ORDERED("far", far_a, far_b, mutex_lock, mutex_unlock),
	ORDERED("bytes", bytes_a, bytes_b, mutex_lock, mutex_unlock),
	ORDERED("numbers", number_a, number_b, mutex_lock, mutex_unlock),
	ORDERED("variadic", all_a, all_b, mutex_lock, mutex_unlock),
	ORDERED("global", users_a, users_b, mutex_lock, mutex_unlock),
	ORDERED("spin", put_a, put_b, spin_lock, spin_unlock),
	ORDERED("carried", put_a, put_b, carried_lock, carried_unlock),
	{ "try", put_a, put_b, put_b, try_lock, try_unlock, try_lock, try_unlock, 1 },
	{ "write_then_read", put_a, get_b, get_b, spin_lock, spin_unlock, read_lock, read_unlock, 0 },
	{ "read_then_write", get_a, put_b, put_b, read_lock, read_unlock, spin_lock, spin_unlock, 0 },
	{ "readers", get_a, get_b, put_b, shared_lock, shared_unlock, shared_lock, shared_unlock, 0 },
	{ "reads", get_a, get_b, put_b, no_lock, no_lock, no_lock, no_lock, 0 },
};

static void *side_a(void *of)
{
	const struct scenario *s = of;

	s->lock_a(0);
	s->a();
	if (!racy || !s->a_keeps)
		s->unlock_a(0);
	gate_open(&a_done);
	if (racy && s->a_keeps) {
		gate_wait(&b_done, 1);
		s->unlock_a(0);
	}
	return NULL;
}

static void *side_b(void *of)
{
	const struct scenario *s = of;

	gate_wait(&a_done, 1);
	s->lock_b(racy);
	(racy ? s->b_racy : s->b)();
	s->unlock_b(racy);
	gate_open(&b_done);
	return NULL;
}

static void two(void *(*a)(void *), void *(*b)(void *), const struct scenario *s)
{
	pthread_t t[2];

	if (pthread_create(&t[0], NULL, a, (void *)s) || pthread_create(&t[1], NULL, b, (void *)s))
		abort();
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
}

/* ---- scenarios of their own ------------------------------------------------------------------------------------------ */

/* Each bucket has its lock; the racy twin takes the wrong one. */
static struct own_lock bucket_locks[8];

void put_locked(const char *key, unsigned lock)
{
	unsigned bucket = table_bucket(shared, key);

	own_lock(&bucket_locks[lock]);
	table_put_in(shared, bucket, key, 1);
	own_unlock(&bucket_locks[lock]);
}

static void *bucket_a(void *unused)
{
	put_locked("a", table_bucket(shared, "a"));
	gate_open(&a_done);
	return unused;
}

/* "a" and "b" lie in two buckets: two locks, no order, and yet no race. "i" lies in that of "a". */
static void *bucket_b(void *unused)
{
	gate_wait(&a_done, 1);
	if (racy)
		put_locked("i", table_bucket(shared, "b"));
	else
		put_locked("b", table_bucket(shared, "b"));
	return unused;
}

static void *grow_b(void *unused)
{
	gate_wait(&a_done, 1);
	for (int i = 0; i < 8 && !racy; i++)
		own_lock(&bucket_locks[i]);
	table_grow(shared);
	for (int i = 0; i < 8 && !racy; i++)
		own_unlock(&bucket_locks[i]);
	return unused;
}

/* A table that dies; its memory lives on in the pool. */
static void dead(void)
{
	if (racy)
		table_free(shared);
	get_a();
	if (!racy)
		table_free(shared);
	/* The memory is another table now: nothing is wrong with that. */
	if (table_new(8) != shared)
		abort();
	if (!racy)
		put_a();
}

static void *put_thread(void *unused)
{
	put_a();
	gate_open(&a_done);
	return unused;
}

/* A table that one thread makes and uses, and another one, told by nobody, uses as well. */
void *new_a(void *unused)
{
	struct table *t = NULL;

	if (table_init(&t, 8))
		abort();
	shared = t;
	return put_thread(unused);
}

static void *new_b(void *unused)
{
	gate_wait(&a_done, 1);
	if (racy)
		put_b();
	return unused;
}

/* A key that is no key: the rule is wrong, the program is right. */
static void *garbage(void *key)
{
	table_put_number(shared, (int)(long)key, 1);
	table_put_far(1, 2, 3, 4, 5, 6, "x", shared, 1);
	return key;
}

static int special(const char *name)
{
	if (!strcmp(name, "buckets"))
		two(bucket_a, bucket_b, NULL);
	else if (!strcmp(name, "grow"))
		two(bucket_a, grow_b, NULL);
	else if (!strcmp(name, "dead"))
		dead();
	else if (!strcmp(name, "created"))
		two(new_a, new_b, NULL);
	else if (!strcmp(name, "garbage"))
		two(garbage, garbage, (void *)0x41414141);
	else
		return 0;
	return 1;
}

int main(int argc, char **argv)
{
	const size_t n = sizeof(scenarios) / sizeof(scenarios[0]);

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (size_t i = 0; i < n; i++)
			puts(scenarios[i].name);
		return 0;
	}
	racy = argc > 2 && !strcmp(argv[2], "racy");
	shared = table_new(8);
	other = table_new(8);
	for (size_t i = 0; argc > 1 && i < n; i++) {
		if (!strcmp(argv[1], scenarios[i].name)) {
			two(side_a, side_b, &scenarios[i]);
			puts("done");
			return 0;
		}
	}
	if (argc < 2 || !special(argv[1]))
		return 2;
	puts("done");
	return 0;
}
