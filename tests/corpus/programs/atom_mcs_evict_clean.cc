/* CORPUS label=clean family=std_map primitive=atomic_spin atomics=own repeats=yes twin=atom_mcs_evict_racy */
/* SPDX-License-Identifier: MIT */
/*
 * A cache of rendered pages behind an MCS queue lock: each waiter spins on a word of its own, on its own stack. One
 * thread renders pages, the other one evicts the oldest.
 * The evictor finds the oldest page and erases it before the release.
 */
#include <atomic>
#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <unistd.h>

struct mcs_node {
	std::atomic<mcs_node *> next{nullptr};
	std::atomic<bool> wait{true};
};

static std::atomic<mcs_node *> tail;
static std::map<int, std::string> pages;
static const int count = 200;

static void lock(mcs_node &me)
{
	mcs_node *before = tail.exchange(&me, std::memory_order_acq_rel);

	if (!before)
		return;
	before->next.store(&me, std::memory_order_release);
	while (me.wait.load(std::memory_order_acquire))
		;
}

static void unlock(mcs_node &me)
{
	mcs_node *next = me.next.load(std::memory_order_acquire), *mine = &me;

	if (!next) {
		if (tail.compare_exchange_strong(mine, nullptr, std::memory_order_release, std::memory_order_relaxed))
			return;
		while (!(next = me.next.load(std::memory_order_acquire)))
			;
	}
	next->wait.store(false, std::memory_order_release);
}

static void render()
{
	for (int page = 0; page < count; page++) {
		mcs_node node;

		lock(node);
		pages.emplace(page, "<p>" + std::to_string(page) + "</p>");
		unlock(node);
		usleep(120);
	}
}

static void evict(int *evicted)
{
	for (int turn = 0; turn < 2 * count && *evicted < count - 10; turn++) {
		mcs_node node;

		usleep(100);
		lock(node);
		auto oldest = pages.begin();
		bool any = pages.size() > 3;
		if (any) {
			pages.erase(oldest);
			++*evicted;
		}
		unlock(node);
	}
}

int main()
{
	int evicted = 0;
	std::thread renderer(render), evictor(evict, &evicted);

	renderer.join();
	evictor.join();
	std::printf("%d pages rendered, %s evicted\n", count, evicted ? "some" : "none");
	return 0;
}
