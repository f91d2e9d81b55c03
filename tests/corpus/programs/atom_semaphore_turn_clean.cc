/* CORPUS label=clean family=std_set primitive=std_semaphore atomics=own repeats=yes twin=atom_semaphore_turn_racy */
/* SPDX-License-Identifier: MIT */
/*
 * A std::binary_semaphore serves as the lock of the set of free ports (its fast path is an inlined atomic). One
 * thread hands out ports, the other one takes them back.
 * The thread that takes ports back waits for the semaphore.
 */
#include <atomic>
#include <cstdio>
#include <semaphore>
#include <set>
#include <thread>
#include <unistd.h>

static std::binary_semaphore turn{1};
static std::set<int> free_ports;
static std::atomic<int> handed_out, taken_back;
static const int rounds = 250;

static void hand_out()
{
	for (int n = 0; n < rounds || taken_back.load(std::memory_order_relaxed) < rounds; n++) {
		turn.acquire();
		if (free_ports.size() > 8)
			free_ports.erase(free_ports.begin());
		usleep(40);
		turn.release();
		handed_out.fetch_add(1, std::memory_order_relaxed);
		usleep(60);
	}
}

static void take_back()
{
	int port = 6000;

	while (taken_back.load(std::memory_order_relaxed) < rounds ||
	       handed_out.load(std::memory_order_relaxed) < rounds) {
		bool mine = (turn.acquire(), true);

		free_ports.insert(port++);
		if (mine)
			turn.release();
		taken_back.fetch_add(1, std::memory_order_relaxed);
		usleep(80);
	}
}

int main()
{
	for (int port = 5000; port < 5010; port++)
		free_ports.insert(port);
	std::thread a(hand_out), b(take_back);
	a.join();
	b.join();
	std::printf("ports %s\n", free_ports.empty() ? "all in use" : "free");
	return 0;
}
