/* SPDX-License-Identifier: MIT */
/*
 * come_lib.c - a library that comes and goes: it has functions of GLib's names (a typed hook finds them), functions that a rule
 * names, and calls both inside itself. Built twice: libcome_a.so and libcome_b.so (-DSECOND), whose functions lie elsewhere and answer
 * differently.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#ifdef SECOND
#define FACTOR 1000
/* Moves everything that follows. */
long come_padding(long n);
__attribute__((noinline)) long come_padding(long n)
{
	return n > 2 ? come_padding(n - 1) * n + come_padding(n - 2) : n;
}
#else
#define FACTOR 1
#endif

/* Stands in for GHashTable: four counters. */
static long table[16];

#define OPAQUE __attribute__((noinline, noipa))
int g_hash_table_insert(void *t, void *k, void *v);
OPAQUE int g_hash_table_insert(void *t, void *k, void *v)
{
	((long *)t)[(size_t)k & 3] += (long)v;
	return 1;
}
void *g_hash_table_lookup(void *t, const void *k);
OPAQUE void *g_hash_table_lookup(void *t, const void *k)
{
	return (void *)(((long *)t)[(size_t)k & 3] * FACTOR);
}
int come_insert(void *t, long k, long v);
OPAQUE int come_insert(void *t, long k, long v)
{
	((long *)t)[8 + (k & 3)] += v;
	return 1;
}
long come_lookup(void *t, long k);
OPAQUE long come_lookup(void *t, long k)
{
	return ((long *)t)[8 + (k & 3)] * FACTOR;
}

/* Four calls a round, each by the library itself. */
long come_round(long v);
long come_round(long v)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	long sum;

	pthread_mutex_lock(&lock);
	g_hash_table_insert(table, (void *)1, (void *)v);
	sum = (long)g_hash_table_lookup(table, (void *)1);
	g_hash_table_insert(table, (void *)1, (void *)-v);
	come_insert(table, 1, v);
	sum += come_lookup(table, 1);
	come_insert(table, 1, -v);
	pthread_mutex_unlock(&lock);
	return sum;
}

static void *nothing(void *unused)
{
	come_round(1);
	return unused;
}

/* COME_CONSTRUCTOR=1: hooked functions are called, and a thread is made, before dlopen returns. */
__attribute__((constructor)) static void constructed(void)
{
	pthread_t t;

	if (!getenv("COME_CONSTRUCTOR"))
		return;
	if (come_round(2) != 4 * FACTOR || pthread_create(&t, NULL, nothing, NULL) || pthread_join(t, NULL))
		abort();
}
