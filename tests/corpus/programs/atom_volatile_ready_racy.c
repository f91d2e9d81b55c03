/* CORPUS label=racy family=hsearch primitive=volatile_flag atomics=own repeats=no twin=atom_volatile_ready_clean cause=published_too_early tricky=yes */
/* SPDX-License-Identifier: MIT */
/*
 * Old style: a thread fills the command table (hsearch) and raises a volatile flag behind a full barrier; main
 * watches the flag and uses the table.
 * The flag goes up before the last command is in the table.
 */
#include <pthread.h>
#include <search.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

static volatile sig_atomic_t ready;
static char *const commands[] = { "open", "close", "save", "print", "quit" };

static void enter(int i)
{
	ENTRY entry = { commands[i], (void *)(long)(i + 1) };

	hsearch(entry, ENTER);
}

static void *fill(void *arg)
{
	hcreate(20);
	for (int i = 0; i < 4; i++)
		enter(i);
	__sync_synchronize();
	ready = 1;
	enter(4);
	return arg;
}

int main(void)
{
	const struct timespec nap = { 0, 300000 };
	pthread_t filler;
	int known = 0;

	pthread_create(&filler, NULL, fill, NULL);
	while (!ready)
		nanosleep(&nap, NULL);
	__sync_synchronize();
	for (int i = 0; i < 3; i++) {
		ENTRY wanted = { commands[i], NULL };

		known += hsearch(wanted, FIND) != NULL;
	}
	pthread_join(filler, NULL);
	printf("%d commands known\n", known);
	return 0;
}
