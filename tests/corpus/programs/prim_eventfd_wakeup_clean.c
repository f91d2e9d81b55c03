/* CORPUS label=clean family=glib_hash primitive=eventfd atomics=none repeats=no twin=prim_eventfd_wakeup_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A consumer sleeps in read() of an eventfd until there is something in the inbox.
 * The producer fills the inbox and then wakes it.
 */
#include <glib.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { MESSAGES = 16, ROUNDS = 100 };

static GHashTable *inbox;
static int wakeup;

static void fill(int base)
{
	for (int i = 0; i < MESSAGES * ROUNDS; i++)
		g_hash_table_insert(inbox, GINT_TO_POINTER(i % MESSAGES + 1), GINT_TO_POINTER(base + i));
}

static void *consumer(void *taken)
{
	uint64_t n;

	if (read(wakeup, &n, sizeof(n)) != sizeof(n))
		return NULL;
	for (int i = 0; i < MESSAGES * ROUNDS; i++)
		*(int *)taken += g_hash_table_contains(inbox, GINT_TO_POINTER(i % MESSAGES + 1));
	return NULL;
}

int main(void)
{
	uint64_t one = 1;
	pthread_t thread;
	int taken = 0;

	wakeup = eventfd(0, EFD_CLOEXEC);
	inbox = g_hash_table_new(NULL, NULL);
	fill(100);
	pthread_create(&thread, NULL, consumer, &taken);
	fill(5000);
	if (write(wakeup, &one, sizeof(one)) != sizeof(one))
		return 1;
	pthread_join(thread, NULL);
	printf("%d messages taken\n", taken);
	close(wakeup);
	return 0;
}
