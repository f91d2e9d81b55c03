/* CORPUS label=clean family=std_unordered primitive=tbb atomics=own repeats=yes twin=atom_tbb_spin_mutex_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: tbb */
/*
 * tbb::parallel_for over numbers; the interesting ones go into a std::unordered_map under a tbb::spin_mutex.
 * The mutex is one for all tasks.
 */
#include <atomic>
#include <cstdio>
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/spin_mutex.h>
#include <unordered_map>

static const int numbers = 600;
static std::unordered_map<int, int> steps_of;
static std::atomic<long> visited;
static tbb::spin_mutex steps_mutex;

static int collatz(long n)
{
	int steps = 0;

	for (; n != 1; steps++)
		n = n % 2 ? 3 * n + 1 : n / 2;
	return steps;
}

static void examine(const tbb::blocked_range<int> &range)
{
	for (int i = range.begin(); i != range.end(); i++) {
		int most = 0;

		for (int n = 1; n < 150; n++)
			most = std::max(most, collatz(1000L * i + n));
		visited.fetch_add(1, std::memory_order_relaxed);
		tbb::spin_mutex::scoped_lock lock(steps_mutex);
		steps_of.emplace(i, most);
	}
}

int main()
{
	tbb::global_control two(tbb::global_control::max_allowed_parallelism, 2);

	steps_of.reserve(2 * numbers);
	tbb::parallel_for(tbb::blocked_range<int>(1, numbers + 1, 1), &examine, tbb::simple_partitioner());
	std::printf("%ld numbers, %s\n", visited.load(), steps_of.empty() ? "no steps" : "some steps");
	return 0;
}
