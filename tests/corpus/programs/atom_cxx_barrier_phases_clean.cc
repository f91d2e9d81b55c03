/* CORPUS label=clean family=std_unordered primitive=std_barrier atomics=own repeats=yes twin=atom_cxx_barrier_phases_racy */
/* SPDX-License-Identifier: MIT */
/*
 * Two threads turn by turn add the cells of a new generation to one std::unordered_set; a std::barrier ends each
 * phase.
 * The second thread arrives at the barrier that opens its phase, and waits.
 */
#include <barrier>
#include <cstdio>
#include <thread>
#include <unistd.h>
#include <unordered_set>

static const int generations = 150;
static std::unordered_set<int> cells;
static std::barrier phase(2);

static void even_cells()
{
	for (int n = 0; n < generations; n++) {
		usleep(50);
		cells.insert(4 * n);
		phase.arrive_and_wait();
		phase.arrive_and_wait();
	}
}

static void odd_cells()
{
	for (int n = 0; n < generations; n++) {
		phase.arrive_and_wait();
		cells.insert(4 * n + 1);
		cells.insert(4 * n + 3);
		phase.arrive_and_wait();
	}
}

int main()
{
	cells.reserve(4 * generations);
	std::thread even(even_cells), odd(odd_cells);
	even.join();
	odd.join();
	std::printf("%d generations, %s\n", generations, cells.empty() ? "dead" : "alive");
	return 0;
}
