/* CORPUS label=racy family=std_map primitive=tbb atomics=own repeats=yes twin=atom_tbb_queue_clean cause=write_after_handover */
/* SPDX-License-Identifier: MIT */
/* BUILD: tbb */
/*
 * Orders, each a std::map of article and number, go from the shop to the warehouse through a tbb::concurrent_queue.
 * The shop pauses when the warehouse is far behind.
 * The shop adds the free gift when the order is in the queue already.
 */
#include <atomic>
#include <cstdio>
#include <deque>
#include <map>
#include <tbb/concurrent_queue.h>
#include <thread>

using order = std::map<int, int>;

static const int count = 6000, backlog = 64;
static std::deque<order> orders(count);
static tbb::concurrent_queue<order *> queue;
static std::atomic<int> packed;

static void shop()
{
	for (int i = 0; i < count; i++) {
		order &next = orders[i];

		while (i - packed.load(std::memory_order_relaxed) > backlog)
			std::this_thread::yield();
		for (int article = 1; article <= 6; article++)
			next.emplace(article, 1 + i % 4);
		queue.push(&next);
		next.emplace(100, 1);
	}
}

static void warehouse(long *pieces)
{
	for (int i = 0; i < count;) {
		order *next = nullptr;

		if (!queue.try_pop(next)) {
			std::this_thread::yield();
			continue;
		}
		auto at = next->begin();
		for (unsigned n = 0; n < 4 && n < next->size(); n++, ++at)
			*pieces += at->second;
		packed.store(++i, std::memory_order_relaxed);
	}
}

int main()
{
	long pieces = 0;
	std::thread packer(warehouse, &pieces), seller(shop);

	packer.join();
	seller.join();
	std::printf("%d orders, %s\n", count, pieces > 0 ? "packed" : "empty");
	return 0;
}
