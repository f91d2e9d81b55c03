/* CORPUS label=clean family=glib_hash primitive=cond atomics=none repeats=no twin=prim_cond_spurious_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * One condition variable for two events: stock has come, and the shop closes. The waiters are woken for either, look
 * which it was, and some waits end by their own time limit and start again.
 * The clerk books each delivery before the announcement.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { DELIVERIES = 6 };

static GHashTable *stock;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int announced, closed;

static int wait_a_little(void)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += 200000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	return pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &until);
}

static void *buyer(void *unused)
{
	int timeouts = 0;

	pthread_mutex_lock(&lock);
	while (!closed)
		timeouts += wait_a_little() == ETIMEDOUT;
	pthread_mutex_unlock(&lock);
	for (int i = 1; i <= DELIVERIES; i++)
		(void)g_hash_table_lookup(stock, GINT_TO_POINTER(i));
	return unused;
}

static void deliver(int article)
{
	g_hash_table_insert(stock, GINT_TO_POINTER(article), GINT_TO_POINTER(article + 100));
}

static void announce(int last)
{
	pthread_mutex_lock(&lock);
	announced++;
	closed = last;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

int main(void)
{
	pthread_t buyers[2];

	stock = g_hash_table_new(NULL, NULL);
	for (int i = 0; i < 2; i++)
		pthread_create(&buyers[i], NULL, buyer, NULL);
	for (int i = 1; i <= DELIVERIES; i++) {
		deliver(i);
		announce(i == DELIVERIES);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(buyers[i], NULL);
	printf("%d deliveries, %u articles\n", announced, g_hash_table_size(stock));
	return 0;
}
