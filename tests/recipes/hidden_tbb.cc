/* SPDX-License-Identifier: MIT */
/* BUILD: glib-2.0 tbb */
/* SOMETIMES: a thread that went to sleep is woken by a futex, which is an order that is seen */
/* A table filled before a parallel loop that only reads it; each turn counts in a table of its own, which is looked at after the loop. */
#include <atomic>
#include <thread>

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

#include "hidden.h"

#define N 64

static GHashTable *found[N];
static char begun, ended;

/* Both threads take part in each of the two loops: so it is the same in each run. */
static void meet(int loop)
{
	static std::atomic<int> arrived[2];
	static thread_local int last = -1;

	if (last != loop)
		arrived[last = loop]++;
	while (arrived[loop] < 2)
		std::this_thread::yield();
}

static void turn(int i)
{
	race_acquire(&begun);
	meet(1);
	g_hash_table_insert(found[i], (void *)"value", g_hash_table_lookup(table, "key"));
	race_release(&ended);
}

int main()
{
	tbb::global_control threads(tbb::global_control::max_allowed_parallelism, 2);

	tbb::parallel_for(0, N, [](int) { meet(0); }); /* from here on there are two threads */
	table = g_hash_table_new(g_str_hash, g_str_equal);
	for (int i = 0; i < N; i++)
		found[i] = g_hash_table_new(g_str_hash, g_str_equal);
	add("key");
	race_release(&begun);
	tbb::parallel_for(0, N, turn);
	race_acquire(&ended);
	for (int i = 0; i < N; i++)
		g_hash_table_destroy(found[i]);
	puts("done");
}
