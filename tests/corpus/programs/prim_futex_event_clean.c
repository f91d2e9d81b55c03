/* CORPUS label=clean family=glib_hash primitive=futex atomics=own repeats=no twin=prim_futex_event_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * An event object made of a word and the futex system call.
 * It is set when the table that it stands for is complete.
 */
#define _GNU_SOURCE
#include <glib.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SYMBOLS = 20, ROUNDS = 600 };

static GHashTable *symbols;
static atomic_int event;

static void event_set(void)
{
	atomic_exchange(&event, 1);
	syscall(SYS_futex, &event, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void event_wait(void)
{
	while (!atomic_load(&event))
		syscall(SYS_futex, &event, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void complete(int base)
{
	for (int i = 0; i < SYMBOLS * ROUNDS; i++)
		g_hash_table_insert(symbols, GINT_TO_POINTER(i % SYMBOLS + 1), GINT_TO_POINTER(base + i));
}

static void *resolver(void *resolved)
{
	event_wait();
	for (int i = 0; i < SYMBOLS * ROUNDS; i++)
		*(int *)resolved += g_hash_table_contains(symbols, GINT_TO_POINTER(i % SYMBOLS + 1));
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int resolved = 0;

	symbols = g_hash_table_new(NULL, NULL);
	complete(30);
	pthread_create(&thread, NULL, resolver, &resolved);
	complete(9000);
	event_set();
	pthread_join(thread, NULL);
	printf("%d symbols resolved\n", resolved);
	g_hash_table_destroy(symbols);
	return 0;
}
