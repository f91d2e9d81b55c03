/* CORPUS label=clean family=std_map primitive=atomic_shared_ptr atomics=own repeats=yes twin=atom_snapshot_pointer_racy tricky=yes */
/* SPDX-License-Identifier: MIT */
/*
 * The current quotes live in a std::atomic<std::shared_ptr>: readers load a snapshot and walk it.
 * The feed copies the snapshot, inserts into the copy and stores that as the new one.
 */
#include <atomic>
#include <cstdio>
#include <map>
#include <memory>
#include <thread>
#include <unistd.h>

using quotes = std::map<int, double>;

static std::atomic<std::shared_ptr<quotes>> current;
static std::atomic<int> fed, drawn;

static void feed()
{
	for (int n = 0; n < 200 || drawn.load(std::memory_order_relaxed) < 200; n++) {
		std::shared_ptr<quotes> next = std::make_shared<quotes>(*current.load());

		next->emplace(500 + n, 1.0 + n);
		current.store(next);
		fed.fetch_add(1, std::memory_order_relaxed);
		usleep(100);
	}
}

static void chart(double *highest)
{
	for (int n = 0; n < 200 || fed.load(std::memory_order_relaxed) < 200; n++) {
		std::shared_ptr<quotes> now = current.load();
		auto at = now->begin();

		for (size_t i = 0; i < 8 && i < now->size(); i++, ++at)
			*highest = at->second > *highest ? at->second : *highest;
		drawn.fetch_add(1, std::memory_order_relaxed);
		usleep(90);
	}
}

int main()
{
	double highest = 0;

	current.store(std::make_shared<quotes>(quotes{{1, 0.5}, {2, 0.7}, {3, 0.6}}));
	std::thread feeder(feed), charter(chart, &highest);
	feeder.join();
	charter.join();
	std::printf("%s quotes\n", current.load()->size() > 3 && highest > 0 ? "new" : "old");
	return 0;
}
