/* CORPUS label=racy family=std_unordered primitive=barrier atomics=none repeats=no twin=fam_unord_metrics_clean cause=unsynchronised */
/* SPDX-License-Identifier: MIT */
/*
 * Metrics of two workers, gathered in tables of their own, put together after a barrier.
 * After the barrier each worker puts its own into the totals.
 */
#include <array>
#include <cstdio>
#include <pthread.h>
#include <thread>
#include <unordered_map>

namespace
{
using Metrics = std::unordered_map<int, long>;

std::array<Metrics, 2> own;
Metrics totals;
pthread_barrier_t gathered;

void put(const Metrics &from)
{
	for (const auto &metric : from)
		totals[metric.first] += metric.second;
}

void worker(int me, long *seen)
{
	for (int i = 0; i < 300; i++)
		own[me][me * 100 + i % 20] += i;
	pthread_barrier_wait(&gathered);
	put(own[me]);
	pthread_barrier_wait(&gathered);
	*seen = totals.size();
}
}

int main()
{
	long seen[2];

	totals.reserve(512);
	pthread_barrier_init(&gathered, nullptr, 2);
	std::thread one(worker, 0, &seen[0]), two(worker, 1, &seen[1]);
	one.join();
	two.join();
	std::printf("%s\n", seen[0] == seen[1] ? "agreed" : "disagreed");
}
