/* CORPUS label=racy family=glib_hash primitive=pthread_mutex atomics=none repeats=no twin=prim_mutex_timed_retry_clean cause=forgotten-lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A status page is drawn while a long update holds the table's lock: first a quick try, then a wait with a time limit.
 * When the time is over, the page is drawn all the same.
 */
#define _GNU_SOURCE
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { JOBS = 7 };

static GHashTable *jobs;
static pthread_mutex_t jobs_lock = PTHREAD_MUTEX_INITIALIZER;

static int lock_soon(void)
{
	struct timespec limit;

	if (!pthread_mutex_trylock(&jobs_lock))
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &limit);
	limit.tv_nsec += 300000;
	if (limit.tv_nsec >= 1000000000) {
		limit.tv_sec++;
		limit.tv_nsec -= 1000000000;
	}
	return pthread_mutex_clocklock(&jobs_lock, CLOCK_MONOTONIC, &limit);
}

static void *status_page(void *drawn)
{
	int error = lock_soon();

	for (int job = 1; job <= JOBS; job++)
		*(int *)drawn += g_hash_table_contains(jobs, GINT_TO_POINTER(job));
	if (!error)
		pthread_mutex_unlock(&jobs_lock);
	return NULL;
}

static void update(int base)
{
	for (int job = 1; job <= JOBS; job++)
		g_hash_table_insert(jobs, GINT_TO_POINTER(job), GINT_TO_POINTER(base + job));
}

int main(void)
{
	pthread_t thread;
	int drawn = 0;

	jobs = g_hash_table_new(NULL, NULL);
	update(10);
	pthread_mutex_lock(&jobs_lock);
	pthread_create(&thread, NULL, status_page, &drawn);
	update(100);
	pthread_join(thread, NULL);
	pthread_mutex_unlock(&jobs_lock);
	printf("%d jobs drawn\n", drawn);
	g_hash_table_destroy(jobs);
	return 0;
}
