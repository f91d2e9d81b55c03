/* CORPUS label=racy family=glib_hash primitive=timer atomics=none repeats=no twin=prim_timer_flush_clean */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A POSIX timer with SIGEV_THREAD flushes a write-back cache a moment after it was set.
 * Another entry is made after the timer was set.
 */
#include <glib.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

enum { BLOCKS = 6 };

static GHashTable *cache;
static sem_t flushed;
static int blocks_flushed;

static void flush(union sigval unused)
{
	for (int block = 1; block < BLOCKS; block++)
		blocks_flushed += g_hash_table_contains(cache, GINT_TO_POINTER(block));
	sem_post(&flushed);
}

static void write_block(int block)
{
	g_hash_table_insert(cache, GINT_TO_POINTER(block), GINT_TO_POINTER(block * 512));
}

int main(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD, .sigev_notify_function = flush };
	struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
	timer_t timer;

	cache = g_hash_table_new(NULL, NULL);
	sem_init(&flushed, 0, 0);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		return 1;
	for (int block = 1; block < BLOCKS; block++)
		write_block(block);
	timer_settime(timer, 0, &soon, NULL);
	write_block(BLOCKS);
	while (sem_wait(&flushed))
		;
	timer_delete(timer);
	printf("%d blocks flushed\n", blocks_flushed);
	return 0;
}
