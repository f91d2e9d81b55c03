/* SPDX-License-Identifier: MIT */
/* cuckoo_quiet.cc - libcuckoo's cuckoohash_map, which is all header: locks made of inlined atomics. */
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <libcuckoo/cuckoohash_map.hh>

enum { THREADS = 4, ROUNDS = 3000, KEYS = 2000 };

static libcuckoo::cuckoohash_map<int, std::string> map;
static std::atomic<long> total;

static void work(int from)
{
	for (int i = 0; i < ROUNDS; i++) {
		int key = (from * 131 + i) % KEYS;
		std::string found;

		map.upsert(key, [](std::string &s) { s += "."; }, "first");
		total += map.find(key, found);
		map.find_fn(key, [](const std::string &s) { total += (long)s.size(); });
		if (i % 9 == 0)
			map.erase(key);
		if (i % 1000 == 500) {
			auto locked = map.lock_table();
			for (const auto &entry : locked)
				total += entry.first;
		}
	}
}

int main()
{
	std::vector<std::thread> threads;

	for (int i = 0; i < THREADS; i++)
		threads.emplace_back(work, i);
	for (auto &t : threads)
		t.join();
	return total == 0;
}
