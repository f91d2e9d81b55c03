/* CORPUS label=clean family=gtree primitive=std_barrier atomics=own repeats=no twin=prim_std_barrier_steps_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 */
/*
 * Two threads work in steps: in even steps one fills the tree, in odd steps the other reads it.
 * A std::barrier ends each step for both.
 */
#include <barrier>
#include <cstdio>
#include <glib.h>
#include <thread>

enum { STEPS = 200, LEAVES = 20 };

static GTree *tree;
static std::barrier<> step_done(2);

static int by_number(gconstpointer a, gconstpointer b)
{
	return GPOINTER_TO_INT(a) - GPOINTER_TO_INT(b);
}

static void fill(int base)
{
	for (int leaf = 1; leaf <= LEAVES; leaf++)
		g_tree_insert(tree, GINT_TO_POINTER(leaf), GINT_TO_POINTER(base + leaf));
}

static void writer()
{
	for (int step = 0; step < STEPS; step++) {
		if (step % 2 == 0)
			fill(step * 100);
		step_done.arrive_and_wait();
	}
}

static int reader()
{
	int found = 0;

	for (int step = 0; step < STEPS; step++) {
		if (step % 2) {
			for (int leaf = 1; leaf <= LEAVES; leaf++)
				found += g_tree_lookup(tree, GINT_TO_POINTER(leaf)) != NULL;
		}
		step_done.arrive_and_wait();
	}
	return found;
}

int main()
{
	tree = g_tree_new(by_number);
	fill(7);

	std::thread thread(writer);
	int found = reader();

	thread.join();
	std::printf("%d leaves seen\n", found);
	return 0;
}
