/* SPDX-License-Identifier: MIT */
/*
 * cancel_children_fixed.c - the twin of cancel_children_race.c: the whole change of state is under the task's lock,
 * so that no child is born unnoticed into a task that is being cancelled.
 *
 *	thread   function          lock
 *	work     task_spawn        task->lock
 *	main     task_cancelled    task->lock
 */
#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct task {
	GHashTable *children;
	int cancelled;
	GMutex lock;
	GCond changed;
};

static int task_spawn(struct task *parent, int id)
{
	struct task *child = calloc(1, sizeof(*child));
	int added;

	g_mutex_lock(&parent->lock);
	added = !parent->cancelled;
	if (added)
		g_hash_table_insert(parent->children, GINT_TO_POINTER(id), child);
	g_cond_signal(&parent->changed);
	g_mutex_unlock(&parent->lock);
	if (!added)
		free(child);
	return added;
}

static int task_cancelled(struct task *task)
{
	GHashTableIter at;
	gpointer child;
	int n = 0;

	g_mutex_lock(&task->lock);
	while (g_hash_table_size(task->children) < 3)
		g_cond_wait(&task->changed, &task->lock);
	task->cancelled = 1;
	g_hash_table_iter_init(&at, task->children);
	while (g_hash_table_iter_next(&at, NULL, &child)) {
		((struct task *)child)->cancelled = 1;
		n++;
	}
	g_mutex_unlock(&task->lock);
	return n;
}

static void *work(void *arg)
{
	for (int id = 1; id <= 4; id++)
		task_spawn(arg, id);
	return NULL;
}

int main(void)
{
	struct task root = { .children = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free) };
	pthread_t worker;
	int cancelled;

	g_mutex_init(&root.lock);
	g_cond_init(&root.changed);
	pthread_create(&worker, NULL, work, &root);
	cancelled = task_cancelled(&root);
	pthread_join(worker, NULL);
	printf("%s\n", cancelled == (int)g_hash_table_size(root.children) ? "all children cancelled" : "one got away");
	g_hash_table_destroy(root.children);
	g_cond_clear(&root.changed);
	g_mutex_clear(&root.lock);
	return 0;
}
