/* CORPUS label=clean family=glib_hash primitive=mq atomics=none repeats=no twin=prim_mq_tickets_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Numbers of tickets are sent through a POSIX message queue to a thread that looks them up.
 * A ticket is entered before it is sent.
 */
#include <fcntl.h>
#include <glib.h>
#include <mqueue.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { TICKETS = 5 };

static GHashTable *tickets;
static mqd_t queue;

static void *desk(void *served)
{
	int ticket = 0;

	while (ticket != TICKETS)
		if (mq_receive(queue, (char *)&ticket, sizeof(ticket), NULL) != sizeof(ticket))
			return NULL;
	for (ticket = 1; ticket < TICKETS; ticket++)
		*(int *)served += g_hash_table_contains(tickets, GINT_TO_POINTER(ticket));
	return NULL;
}

int main(void)
{
	struct mq_attr attributes = { .mq_maxmsg = 8, .mq_msgsize = sizeof(int) };
	pthread_t thread;
	char name[40];
	int served = 0;

	snprintf(name, sizeof(name), "/corpus-tickets-%d", (int)getpid());
	queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
	if (queue == (mqd_t)-1)
		return 1;
	mq_unlink(name);
	tickets = g_hash_table_new(NULL, NULL);
	pthread_create(&thread, NULL, desk, &served);
	for (int ticket = 1; ticket <= TICKETS; ticket++) {
		g_hash_table_insert(tickets, GINT_TO_POINTER(ticket), GINT_TO_POINTER(900 + ticket));
		mq_send(queue, (const char *)&ticket, sizeof(ticket), 0);
	}
	pthread_join(thread, NULL);
	printf("tickets served: %s\n", served >= TICKETS - 2 ? "yes" : "no");
	mq_close(queue);
	return 0;
}
