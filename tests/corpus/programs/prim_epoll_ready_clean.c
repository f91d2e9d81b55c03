/* CORPUS label=clean family=glib_hash primitive=epoll atomics=none repeats=no twin=prim_epoll_ready_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A dispatcher waits in epoll_wait() and starts when the pipe has become readable; the byte itself stays in the pipe.
 * The loader makes it readable when all is loaded.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { HANDLERS = 14, ROUNDS = 100 };

static GHashTable *handlers;
static int ready[2];

static void load(int base)
{
	for (int i = 0; i < HANDLERS * ROUNDS; i++)
		g_hash_table_insert(handlers, GINT_TO_POINTER(i % HANDLERS + 1), GINT_TO_POINTER(base + i));
}

static void *loader(void *unused)
{
	load(3000);
	if (write(ready[1], "!", 1) != 1)
		perror("write");
	return unused;
}

int main(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int set = epoll_create1(0), dispatched = 0;
	pthread_t thread;

	if (set < 0 || pipe(ready) || epoll_ctl(set, EPOLL_CTL_ADD, ready[0], &event))
		return 1;
	handlers = g_hash_table_new(NULL, NULL);
	load(50);
	pthread_create(&thread, NULL, loader, NULL);
	while (epoll_wait(set, &event, 1, -1) != 1)
		;
	for (int i = 0; i < HANDLERS * ROUNDS; i++)
		dispatched += g_hash_table_contains(handlers, GINT_TO_POINTER(i % HANDLERS + 1));
	pthread_join(thread, NULL);
	printf("%d events dispatched\n", dispatched);
	return 0;
}
