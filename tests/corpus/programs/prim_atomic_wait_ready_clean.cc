/* CORPUS label=clean family=tsearch primitive=atomic_wait atomics=own repeats=no twin=prim_atomic_wait_ready_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/*
 * A flag of type std::atomic<int> tells that the tree of prefixes is complete; the reader sleeps in wait() until then.
 * The flag is set when the tree is complete.
 */
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <search.h>
#include <thread>

enum { PREFIXES = 40, PASSES = 300 };

static int prefixes[PREFIXES];
static void *tree;
static std::atomic<int> complete(0);

static int compare(const void *a, const void *b)
{
	return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}

static void build()
{
	for (int i = 0; i < PREFIXES * PASSES; i++)
		if (!tsearch(&prefixes[i % PREFIXES], &tree, compare))
			std::abort();
}

static void reader(int &known)
{
	complete.wait(0);
	for (int i = 0; i < PREFIXES * PASSES; i++) {
		int prefix = i % 100;

		known += tfind(&prefix, &tree, compare) != nullptr;
	}
}

int main()
{
	int known = 0;

	for (int i = 0; i < PREFIXES; i++) {
		prefixes[i] = 2 * i;
		if (!tsearch(&prefixes[i], &tree, compare))
			return 1;
	}

	std::thread thread(reader, std::ref(known));

	build();
	complete = 1;
	complete.notify_one();
	thread.join();
	std::printf("%d prefixes known\n", known);
	return 0;
}
