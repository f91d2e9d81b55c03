/* SPDX-License-Identifier: MIT */
/*
 * live.c - a program to be asked while it runs. `live MODE [ARGUMENT]`: does what the mode says, prints `ready`, and then obeys the lines of
 * its standard input: `race` (two accesses that nothing orders), `again` (two others), `many` (20000 lookups), `quit`. Without a line it quits.
 *
 * The main thread holds a mutex, for which a worker waits, or will in a moment: it runs when `ready` is printed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <glib.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../examples/turns.h"

static GHashTable *table;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t waiter_runs;
static int turns;

static void *put(void *key)
{
	g_hash_table_insert(table, key, key);
	turn_over();
	return NULL;
}

static void *put_again(void *key)
{
	g_hash_table_replace(table, key, key);
	turn_over();
	return NULL;
}

/* The other thread is done, and nothing that anybody can see says so. */
static void race(void *(*side)(void *), char *key)
{
	pthread_t other;

	pthread_create(&other, NULL, side, key);
	turn_wait(++turns);
	g_hash_table_lookup(table, key);
	pthread_join(other, NULL);
}

static void *wait_for_lock(void *unused)
{
	(void)unused;
	sem_post(&waiter_runs);
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void obey(void)
{
	char line[100];

	printf("ready %d\n", getpid());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "race\n"))
			race(put, "one");
		else if (!strcmp(line, "again\n"))
			race(put_again, "two");
		else if (!strcmp(line, "many\n"))
			for (int i = 0; i < 20000; i++)
				g_hash_table_lookup(table, "key a");
		else if (!strcmp(line, "quit\n"))
			break;
		puts("done");
		fflush(stdout);
	}
}

static void serve(void)
{
	pthread_t waiter;

	table = g_hash_table_new(g_str_hash, g_str_equal);
	for (char c = 'a'; c < 'h'; c++)
		g_hash_table_insert(table, g_strdup_printf("key %c", c), NULL);
	g_hash_table_remove(table, "key b");
	sem_init(&waiter_runs, 0, 0);
	pthread_mutex_lock(&lock);
	pthread_create(&waiter, NULL, wait_for_lock, NULL);
	pthread_setname_np(waiter, "waiter");
	while (sem_wait(&waiter_runs)) {
	}
	obey();
	pthread_mutex_unlock(&lock);
	pthread_join(waiter, NULL);
	g_hash_table_destroy(table);
}

static void *fork_often(void *n)
{
	for (int i = 0; i < GPOINTER_TO_INT(n); i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(i & 1 ? 3 : 0);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			abort();
	}
	return NULL;
}

static void *obey_apart(void *unused)
{
	(void)unused;
	obey();
	return NULL;
}

static int sandbox(void)
{
	struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { 1, allow };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "serve", *argument = argc > 2 ? argv[2] : "0";

	if (!strcmp(mode, "status")) {
		puts("text");
		return atoi(argument);
	}
	if (!strcmp(mode, "fork") || !strcmp(mode, "daemon")) {
		pid_t child = fork();

		if (child && !strcmp(mode, "daemon"))
			return 0;
		if (child) {
			int status;

			waitpid(child, &status, 0);
			return WEXITSTATUS(status);
		}
		setsid();
		closefrom(3);
	} else if (!strcmp(mode, "exec")) {
		execl("/proc/self/exe", argv[0], "serve", NULL);
	} else if (!strcmp(mode, "forks")) {
		pthread_t threads[4];

		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, fork_often, GINT_TO_POINTER(atoi(argument)));
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		puts("forked");
		return 0;
	} else if (!strcmp(mode, "setuid")) {
		uid_t id = (uid_t)atoi(argument);

		if (setgroups(0, NULL) || setresgid(id, id, id) || setresuid(id, id, id))
			return 9;
	} else if (!strcmp(mode, "unshare")) {
		printf("unshare %d\n", unshare(atoi(argument)));
	} else if (!strcmp(mode, "sandbox")) {
		printf("sandbox %d\n", sandbox());
	} else if (!strcmp(mode, "last")) {
		pthread_t other;

		pthread_create(&other, NULL, obey_apart, NULL);
		pthread_exit(NULL);
	}
	serve();
	return 0;
}
