/* CORPUS label=clean family=tsearch primitive=fork atomics=none repeats=no twin=prim_fork_then_threads_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/*
 * Main forks twice in a row to run a check in a clean process and counts its outcomes in a tree, as does a thread.
 * Main joins the thread before it counts.
 */
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int outcomes[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
static void *tree;

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void *counter(void *unused)
{
	for (int i = 0; i < 4; i++)
		tsearch(&outcomes[i], &tree, compare);
	return unused;
}

static int check(void)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		tsearch(&outcomes[7], &tree, compare); /* in the child's own copy */
		_exit(0);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status);
}

int main(void)
{
	pthread_t thread;
	int checks;

	checks = check();
	pthread_create(&thread, NULL, counter, NULL);
	pthread_join(thread, NULL);
	checks += check();
	for (int i = 4; i < 7; i++)
		tsearch(&outcomes[i], &tree, compare);
	printf("%d checks\n", checks);
	return 0;
}
