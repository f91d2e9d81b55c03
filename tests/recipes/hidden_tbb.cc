/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 tbb */
/* A table filled before a parallel loop that only reads it; each turn counts in a table of its own, which is looked at after the loop. */
#include <atomic>
#include <thread>

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "hidden.h"

#define N 64

static GHashTable *found[N];
static char begun, ended;

static std::atomic<int> here, taking_turns;

/* Both threads take part in the loop: so it is the same in each run. */
static void meet()
{
	static thread_local bool came;

	if (!came)
		taking_turns++;
	came = true;
	while (taking_turns < 2)
		std::this_thread::yield();
}

/* A thread that sleeps is woken by a futex, which is an order that is seen: the other one is kept awake until there is a turn to take. */
static void stay_awake()
{
	here++;
	while (!taking_turns)
		std::this_thread::yield();
}

static void turn(int i)
{
	race_acquire(&begun);
	meet();
	g_hash_table_insert(found[i], (void *)"value", g_hash_table_lookup(table, "key"));
	race_release(&ended);
}

static void fill_and_look()
{
	table = g_hash_table_new(g_str_hash, g_str_equal);
	for (int i = 0; i < N; i++)
		found[i] = g_hash_table_new(g_str_hash, g_str_equal);
	add("key");
	race_release(&begun);
	tbb::parallel_for(0, N, turn);
	race_acquire(&ended);
	for (int i = 0; i < N; i++)
		g_hash_table_destroy(found[i]);
}

int main()
{
	tbb::global_control threads(tbb::global_control::max_allowed_parallelism, 2);
	tbb::task_arena two(2); /* also where there is one processor */

	two.enqueue(stay_awake);
	while (!here)
		std::this_thread::yield();
	two.execute(fill_and_look);
	puts("done");
}
