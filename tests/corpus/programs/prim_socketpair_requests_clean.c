/* CORPUS label=clean family=glib_hash primitive=socketpair atomics=none repeats=no twin=prim_socketpair_requests_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * A server thread answers requests that come over a socket pair and keeps what it has seen in a table.
 * The client looks into the table when it has got the answer.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

enum { ENTRIES = 6 };

static GHashTable *seen;
static int ends[2];

static void *server(void *unused)
{
	char request;

	if (recv(ends[1], &request, 1, 0) != 1)
		return unused;
	for (int i = 1; i <= ENTRIES; i++)
		g_hash_table_insert(seen, GINT_TO_POINTER(i), GINT_TO_POINTER(request + i));
	send(ends[1], "k", 1, 0);
	return unused;
}

static int look(void)
{
	int found = 0;

	for (int i = 1; i <= ENTRIES; i++)
		found += g_hash_table_contains(seen, GINT_TO_POINTER(i));
	return found;
}

int main(void)
{
	pthread_t thread;
	char answer = '?';
	int found;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends))
		return 1;
	seen = g_hash_table_new(NULL, NULL);
	g_hash_table_insert(seen, GINT_TO_POINTER(1), GINT_TO_POINTER(40));
	pthread_create(&thread, NULL, server, NULL);
	if (send(ends[0], "r", 1, 0) != 1)
		return 1;
	if (recv(ends[0], &answer, 1, 0) != 1)
		return 1;
	found = look();
	pthread_join(thread, NULL);
	printf("answer %c, table %s\n", answer, found ? "in use" : "empty");
	g_hash_table_destroy(seen);
	return 0;
}
