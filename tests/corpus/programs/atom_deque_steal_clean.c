/* CORPUS label=clean family=glib_hash primitive=atomic_ring atomics=own repeats=yes twin=atom_deque_steal_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A work-stealing deque of jobs: the owner pushes at the bottom and takes from there, a thief takes from the top.
 * Each job brings a table of parameters. The owner pauses while many jobs are unfinished.
 * The owner sets the priority and then pushes the job.
 */
#include <glib.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum { JOBS = 8000, ROOM = 128, BACKLOG = 64 };

static _Atomic(GHashTable *) slots[ROOM];
static GHashTable *jobs[JOBS];
static atomic_long top, bottom;
static atomic_int finished;

static void push(GHashTable *job)
{
	long b = atomic_load_explicit(&bottom, memory_order_relaxed);

	atomic_store_explicit(&slots[b % ROOM], job, memory_order_relaxed);
	atomic_store_explicit(&bottom, b + 1, memory_order_release);
}

static GHashTable *take(void)
{
	long b = atomic_load(&bottom) - 1, t;
	GHashTable *job = NULL;

	atomic_store(&bottom, b);
	t = atomic_load(&top);
	if (t <= b)
		job = atomic_load_explicit(&slots[b % ROOM], memory_order_relaxed);
	if (t == b && !atomic_compare_exchange_strong(&top, &t, t + 1))
		job = NULL;
	if (t >= b)
		atomic_store(&bottom, b + 1);
	return job;
}

static GHashTable *steal(void)
{
	long t = atomic_load(&top);
	GHashTable *job;

	if (t >= atomic_load(&bottom))
		return NULL;
	job = atomic_load_explicit(&slots[t % ROOM], memory_order_relaxed);
	return atomic_compare_exchange_strong(&top, &t, t + 1) ? job : NULL;
}

static void run(GHashTable *job)
{
	if (g_hash_table_lookup(job, GINT_TO_POINTER('n')))
		atomic_fetch_add_explicit(&finished, 1, memory_order_relaxed);
}

static void *thief(void *arg)
{
	while (atomic_load_explicit(&finished, memory_order_relaxed) < JOBS) {
		GHashTable *job = steal();

		if (job)
			run(job);
		else
			sched_yield();
	}
	return arg;
}

int main(void)
{
	pthread_t other;
	GHashTable *job;

	pthread_create(&other, NULL, thief, NULL);
	for (int i = 0; i < JOBS; i++) {
		while (i - atomic_load_explicit(&finished, memory_order_relaxed) > BACKLOG)
			sched_yield();
		jobs[i] = g_hash_table_new(NULL, NULL);
		g_hash_table_insert(jobs[i], GINT_TO_POINTER('n'), GINT_TO_POINTER(i + 1));
		g_hash_table_insert(jobs[i], GINT_TO_POINTER('p'), GINT_TO_POINTER(i % 5));
		push(jobs[i]);
		if (i % 8 == 7 && (job = take()))
			run(job);
	}
	while ((job = take()))
		run(job);
	pthread_join(other, NULL);
	for (int i = 0; i < JOBS; i++)
		g_hash_table_destroy(jobs[i]);
	printf("%d jobs\n", finished);
	return 0;
}
