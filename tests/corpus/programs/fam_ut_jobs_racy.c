/* CORPUS label=racy family=uthash primitive=pthread_mutex atomics=none repeats=yes twin=fam_ut_jobs_clean cause=different-locks */
/* SPDX-License-Identifier: MIT */
/* BUILD: -Iinclude */
/*
 * Jobs by name in a uthash table: a worker finishes them, a monitor walks over what is left.
 * The worker takes the lock of the statistics for both, the monitor the lock of the jobs.
 */
#include <pthread.h>
#include <stdio.h>

#include "librace_uthash.h"

struct job {
	char name[12];
	int steps;
	UT_hash_handle hh;
};

static struct job store[300], *jobs;
static int finished;
static pthread_mutex_t jobs_lock = PTHREAD_MUTEX_INITIALIZER, stats_lock = PTHREAD_MUTEX_INITIALIZER;

static void finish(struct job *j)
{
	pthread_mutex_lock(&stats_lock);
	HASH_DEL(jobs, j);
	finished++;
	pthread_mutex_unlock(&stats_lock);
}

static void *worker(void *unused)
{
	(void)unused;
	for (int i = 1; i < 300; i += 2)
		finish(&store[i]);
	return NULL;
}

static int monitor(void)
{
	struct job *j, *next;
	int steps = 0;

	pthread_mutex_lock(&jobs_lock);
	HASH_ITER (hh, jobs, j, next)
		steps += j->steps;
	pthread_mutex_unlock(&jobs_lock);
	return steps;
}

int main(void)
{
	pthread_t thread;
	long steps = 0;

	for (int i = 0; i < 300; i++) {
		struct job *j = &store[i];

		snprintf(j->name, sizeof j->name, "job%d", i);
		j->steps = i % 7;
		HASH_ADD_STR(jobs, name, j);
	}
	pthread_create(&thread, NULL, worker, NULL);
	for (int look = 0; look < 300; look++)
		steps += monitor();
	pthread_join(thread, NULL);
	printf("%d finished, %s\n", finished, steps ? "some steps left" : "all done");
	return 0;
}
