/* CORPUS label=clean family=glib_hash primitive=signalfd atomics=none repeats=no twin=prim_signalfd_clients_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * The signals of a service arrive at a signalfd; a thread that has registered its clients sends SIGUSR2 to the process.
 * All clients are registered before the signal.
 */
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { CLIENTS = 7 };

static GHashTable *clients;

static void enter(int from, int to)
{
	for (int client = from; client <= to; client++)
		g_hash_table_insert(clients, GINT_TO_POINTER(client), GINT_TO_POINTER(client + 20));
}

static void *acceptor(void *unused)
{
	enter(1, CLIENTS - 2);
	enter(CLIENTS - 1, CLIENTS);
	kill(getpid(), SIGUSR2);
	return unused;
}

int main(void)
{
	struct signalfd_siginfo info;
	pthread_t thread;
	sigset_t set;
	int fd, found = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	clients = g_hash_table_new(NULL, NULL);
	pthread_create(&thread, NULL, acceptor, NULL);
	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return 1;
	for (int client = 1; client <= CLIENTS - 2; client++)
		found += g_hash_table_contains(clients, GINT_TO_POINTER(client));
	pthread_join(thread, NULL);
	printf("%d clients served\n", found);
	g_hash_table_destroy(clients);
	return 0;
}
