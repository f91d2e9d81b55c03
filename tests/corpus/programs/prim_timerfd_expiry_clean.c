/* CORPUS label=clean family=glib_hash primitive=timerfd atomics=none repeats=no twin=prim_timerfd_expiry_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Main arms a timer that another thread waits for; when it expires, that thread looks for what has become too old.
 * Main arms the timer when the table is complete.
 */
#include <glib.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { LEASES = 6 };

static GHashTable *leases;
static int timer;

static void *expirer(void *expired)
{
	uint64_t times;

	if (read(timer, &times, sizeof(times)) != sizeof(times))
		return NULL;
	for (int i = 1; i < LEASES; i++)
		*(int *)expired += GPOINTER_TO_INT(g_hash_table_lookup(leases, GINT_TO_POINTER(i))) > 0;
	return NULL;
}

static void add(int lease)
{
	g_hash_table_insert(leases, GINT_TO_POINTER(lease), GINT_TO_POINTER(60 + lease));
}

int main(void)
{
	struct itimerspec soon = { .it_value.tv_nsec = 500000 };
	pthread_t thread;
	int expired = 0;

	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	leases = g_hash_table_new(NULL, NULL);
	pthread_create(&thread, NULL, expirer, &expired);
	for (int lease = 1; lease < LEASES; lease++)
		add(lease);
	add(LEASES);
	timerfd_settime(timer, 0, &soon, NULL);
	pthread_join(thread, NULL);
	printf("%d leases expired\n", expired);
	close(timer);
	return 0;
}
