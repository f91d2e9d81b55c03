/* CORPUS label=clean family=std_unordered primitive=std_cond atomics=none repeats=no twin=fam_unord_batches_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/*
 * Batches of orders go through a queue: the seller fills one, the packer completes it.
 * The seller adds the gift before. A batch belongs to the one who has it: no lock is needed outside the queue.
 */
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>

namespace
{
using Batch = std::unordered_set<int>;

class Queue
{
	std::deque<std::unique_ptr<Batch>> batches;
	std::mutex lock;
	std::condition_variable filled;

public:
	void push(std::unique_ptr<Batch> batch)
	{
		std::lock_guard<std::mutex> hold(lock);
		batches.push_back(std::move(batch));
		filled.notify_one();
	}

	std::unique_ptr<Batch> pop()
	{
		std::unique_lock<std::mutex> hold(lock);
		filled.wait(hold, [this] { return !batches.empty(); });
		auto batch = std::move(batches.front());
		batches.pop_front();
		return batch;
	}
} queue;

void sell()
{
	for (int n = 0; n < 6; n++) {
		auto batch = std::make_unique<Batch>(64);

		for (int order = 0; order < 10; order++)
			batch->insert(n * 100 + order);
		if (n == 5)
			batch->insert(7777);
		queue.push(std::move(batch));
	}
}
}

int main()
{
	std::unique_ptr<Batch> packed[6];
	std::thread seller(sell);

	for (auto &batch : packed) {
		batch = queue.pop();
		batch->insert(-1);
	}
	seller.join();
	std::printf("packed %zu batches\n", sizeof packed / sizeof *packed);
}
