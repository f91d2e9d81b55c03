/* CORPUS label=racy family=env primitive=atomic_spin atomics=own repeats=yes twin=atom_unrelated_lock_clean cause=wrong_lock */
/* SPDX-License-Identifier: MIT */
/*
 * A job runner sets JOB_ID for its children's sake, a logger asks for it. Each of them has a spin lock at hand.
 * The runner holds the queue's lock and the logger holds the log's lock: two locks, and neither is the environment's.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { JOBS = 200 };

static atomic_flag queue_lock = ATOMIC_FLAG_INIT, log_lock = ATOMIC_FLAG_INIT;
static atomic_int started, logged;

static void lock(atomic_flag *flag)
{
	while (atomic_flag_test_and_set_explicit(flag, memory_order_acquire))
		usleep(10);
}

static void unlock(atomic_flag *flag)
{
	atomic_flag_clear_explicit(flag, memory_order_release);
}

static void *runner(void *arg)
{
	static char ids[10][8];

	for (int job = 0; job < JOBS || atomic_load_explicit(&logged, memory_order_relaxed) < JOBS; job++) {
		lock(&queue_lock);
		snprintf(ids[job % 10], sizeof(ids[0]), "%d", 100 + job % 10);
		setenv("JOB_ID", ids[job % 10], 1);
		unlock(&queue_lock);
		atomic_fetch_add_explicit(&started, 1, memory_order_relaxed);
		usleep(100);
	}
	return arg;
}

static void *logger(void *arg)
{
	int *lines = arg;

	while (atomic_load_explicit(&logged, memory_order_relaxed) < JOBS ||
	       atomic_load_explicit(&started, memory_order_relaxed) < JOBS) {
		lock(&log_lock);
		*lines += getenv("JOB_ID") != NULL;
		unlock(&log_lock);
		atomic_fetch_add_explicit(&logged, 1, memory_order_relaxed);
		usleep(80);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	int lines = 0;

	setenv("JOB_ID", "none", 1);
	pthread_create(&threads[0], NULL, runner, NULL);
	pthread_create(&threads[1], NULL, logger, &lines);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("log %s\n", lines ? "written" : "empty");
	return 0;
}
