/* SPDX-License-Identifier: MIT */
/* BUILD: tbb */
/* tbb_quiet.cc - containers of oneTBB that many threads may change at once, and what TBB's own threads do with them. */
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <tbb/concurrent_hash_map.h>
#include <tbb/concurrent_map.h>
#include <tbb/concurrent_set.h>
#include <tbb/concurrent_unordered_map.h>
#include <tbb/concurrent_unordered_set.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

enum { THREADS = 4, ROUNDS = 2000, KEYS = 300 };

static tbb::concurrent_hash_map<int, int> counts;
static tbb::concurrent_hash_map<std::string, std::string> names;
static tbb::concurrent_unordered_map<int, int> unordered;
static tbb::concurrent_unordered_multimap<int, int> unordered_multi;
static tbb::concurrent_unordered_set<std::string> unordered_set;
static tbb::concurrent_map<int, int> ordered;
static tbb::concurrent_set<std::string> ordered_set;
static std::atomic<long> total;

static void work(int from)
{
	long sum = 0;

	for (int i = 0; i < ROUNDS; i++) {
		int key = (from * 7 + i) % KEYS;
		std::string name = std::to_string(key);
		decltype(counts)::accessor a;
		decltype(names)::const_accessor c;

		if (counts.insert(a, key))
			a->second = 0;
		a->second++;
		if (i % 50 == 0)
			counts.erase(a);
		a.release();
		if (names.find(c, name))
			sum += (long)c->second.size();
		c.release();
		names.insert({ name, "of " + name });
		if (i % 70 == 0)
			names.erase(name);
		unordered.emplace(key, i);
		unordered_multi.emplace(key % 10, i);
		unordered_set.insert(name);
		ordered.emplace(key, i);
		ordered_set.insert(name);
		sum += unordered.find(key)->second > 0;
		sum += ordered.count(key);
		if (i % 200 == 0) {
			for (const auto &entry : unordered)
				sum += entry.first;
			for (const auto &entry : ordered)
				sum += entry.first;
		}
	}
	total += sum;
}

int main()
{
	std::vector<std::thread> threads;
	tbb::enumerable_thread_specific<long> sums;

	for (int i = 0; i < THREADS; i++)
		threads.emplace_back(work, i);
	for (auto &t : threads)
		t.join();
	counts.rehash(4096);
	tbb::parallel_for(0, 4 * ROUNDS, [&](int i) {
		decltype(counts)::accessor a;

		counts.insert(a, i % KEYS);
		a->second++;
		unordered[i] = i;
		ordered[i % KEYS];
		sums.local() += i;
	});
	total += sums.combine([](long a, long b) { return a + b; });
	return total == 0;
}
