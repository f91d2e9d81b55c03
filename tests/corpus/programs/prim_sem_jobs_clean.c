/* CORPUS label=clean family=tsearch primitive=sem atomics=none repeats=no twin=prim_sem_jobs_racy */
/* SPDX-License-Identifier: MIT */
/*
 * The main thread announces jobs by a semaphore; a worker looks each one up in the job tree.
 * A job is in the tree when it is announced; the main thread is done with the tree then.
 */
#include <pthread.h>
#include <search.h>
#include <semaphore.h>
#include <stdio.h>

enum { JOBS = 5 };

static int jobs[JOBS];
static void *tree;
static sem_t announced;

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void add(int i)
{
	jobs[i] = i * 10;
	tsearch(&jobs[i], &tree, compare);
}

static void *worker(void *done)
{
	int key = (JOBS - 1) * 10;

	for (int i = 0; i < JOBS; i++)
		while (sem_wait(&announced))
			;
	for (int i = 0; i < 3; i++)
		*(int *)done += tfind(&key, &tree, compare) != NULL;
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int done = 0;

	sem_init(&announced, 0, 0);
	pthread_create(&thread, NULL, worker, &done);
	for (int i = 0; i < JOBS; i++) {
		add(i);
		sem_post(&announced);
	}
	pthread_join(thread, NULL);
	printf("%d jobs announced\n", JOBS);
	sem_destroy(&announced);
	return 0;
}
