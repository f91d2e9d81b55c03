/* CORPUS label=racy family=glib_hash primitive=signal atomics=none repeats=yes twin=prim_signal_reload_clean */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Main waits for signals with sigwait(); a thread that has read new settings tells it so with SIGUSR1.
 * The thread sends the signal first and reads the settings in then.
 */
#define _GNU_SOURCE
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

enum { SETTINGS = 16, ROUNDS = 100 };

static GHashTable *settings;
static pthread_t main_thread;

static void read_in(int base)
{
	for (int i = 0; i < SETTINGS * ROUNDS; i++)
		g_hash_table_insert(settings, GINT_TO_POINTER(i % SETTINGS + 1), GINT_TO_POINTER(base + i));
}

static void *reloader(void *unused)
{
	pthread_kill(main_thread, SIGUSR1);
	read_in(5000);
	return unused;
}

int main(void)
{
	pthread_t thread;
	sigset_t set;
	int number = 0, used = 0;

	settings = g_hash_table_new(NULL, NULL);
	read_in(50);
	main_thread = pthread_self();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_create(&thread, NULL, reloader, NULL);
	while (number != SIGUSR1)
		sigwait(&set, &number);
	for (int i = 0; i < SETTINGS * ROUNDS; i++)
		used += g_hash_table_contains(settings, GINT_TO_POINTER(i % SETTINGS + 1));
	pthread_join(thread, NULL);
	printf("%d settings used\n", used);
	g_hash_table_destroy(settings);
	return 0;
}
