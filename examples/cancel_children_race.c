/* SPDX-License-Identifier: MIT */
/*
 * cancel_children_race.c - a cancel callback walks the children of a task while the work still adds some.
 *
 *	thread   function          lock    races
 *	work     task_spawn        none    with the walk
 *	main     task_cancelled    none    with the insertion
 *
 * Cancellation comes from outside, at any time; whoever registers children forgets it first.
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "turns.h"

struct task {
	GHashTable *children;
	int cancelled;
};

static void task_spawn(struct task *parent, int id)
{
	struct task *child = calloc(1, sizeof(*child));

	g_hash_table_insert(parent->children, GINT_TO_POINTER(id), child); /* RACE HERE */
	turn_over();
}

static int task_cancelled(struct task *task)
{
	GHashTableIter at;
	gpointer child;
	int n = 0;

	task->cancelled = 1;
	g_hash_table_iter_init(&at, task->children); /* RACE HERE */
	while (g_hash_table_iter_next(&at, NULL, &child)) { /* RACE HERE */
		((struct task *)child)->cancelled = 1;
		n++;
	}
	return n;
}

static void *work(void *arg)
{
	for (int id = 1; id <= 3; id++)
		task_spawn(arg, id);
	turn_wait(4);
	task_spawn(arg, 4);
	return NULL;
}

int main(void)
{
	struct task root = { g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free), 0 };
	pthread_t worker;
	int cancelled;

	pthread_create(&worker, NULL, work, &root);
	turn_wait(3);
	cancelled = task_cancelled(&root);
	turn_over();
	pthread_join(worker, NULL);
	printf("%d of %u children cancelled\n", cancelled, g_hash_table_size(root.children));
	g_hash_table_destroy(root.children);
	return 0;
}
