/* CORPUS label=clean family=std_unordered primitive=atomic_counter atomics=own repeats=yes twin=atom_id_generator_racy */
/* SPDX-License-Identifier: MIT */
/*
 * Connections get their number from an atomic generator and are entered into one std::unordered_map by the thread
 * that accepted them.
 * A spin lock around the entry.
 */
#include <atomic>
#include <cstdio>
#include <thread>
#include <unistd.h>
#include <unordered_map>

static const int each = 220;
static std::unordered_map<unsigned, int> connections;
static std::atomic<unsigned> next_id{1};
static std::atomic<int> accepted[2];
static std::atomic<bool> busy;

static void enter(unsigned id, int listener)
{
	while (busy.exchange(true, std::memory_order_acquire))
		std::this_thread::yield();
	connections.emplace(id, listener);
	busy.store(false, std::memory_order_release);
}

static void listen(int me)
{
	for (int n = 0; n < each; n++) {
		enter(next_id.fetch_add(1, std::memory_order_relaxed), me);
		accepted[me].fetch_add(1, std::memory_order_relaxed);
		usleep(100);
	}
}

int main()
{
	connections.reserve(4 * each);
	std::thread tcp(listen, 0), tls(listen, 1);
	tcp.join();
	tls.join();
	std::printf("%d accepted\n", accepted[0].load() + accepted[1].load());
	return 0;
}
