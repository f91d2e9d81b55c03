/* SPDX-License-Identifier: MIT */
/*
 * cost.c - what recording costs: ns of CPU time for each event, `cost OPERATIONS`. Prints: lookup, locked lookup, mutex pair.
 * Run it with and without trace=.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static GHashTable *table;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile gpointer sink;

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *work(void *arg)
{
	long n = *(long *)arg;
	double at = cpu_ns(), next;

	for (long i = 0; i < n; i++)
		sink = g_hash_table_lookup(table, GINT_TO_POINTER(i & 63));
	next = cpu_ns();
	printf("%.1f", (next - at) / (double)n);
	at = next;
	for (long i = 0; i < n; i++) {
		pthread_mutex_lock(&mutex);
		sink = g_hash_table_lookup(table, GINT_TO_POINTER(i & 63));
		pthread_mutex_unlock(&mutex);
	}
	next = cpu_ns();
	printf(" %.1f", (next - at) / (double)n);
	at = next;
	for (long i = 0; i < n; i++) {
		pthread_mutex_lock(&mutex);
		pthread_mutex_unlock(&mutex);
	}
	printf(" %.1f\n", (cpu_ns() - at) / (double)n);
	return NULL;
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000000;
	pthread_t t;

	table = g_hash_table_new(NULL, NULL);
	for (int i = 0; i < 64; i++)
		g_hash_table_insert(table, GINT_TO_POINTER(i), table);
	if (pthread_create(&t, NULL, work, &n))
		return 1;
	pthread_join(t, NULL);
	g_hash_table_destroy(table);
	return 0;
}
