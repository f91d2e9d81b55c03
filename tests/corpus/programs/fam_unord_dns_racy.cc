/* CORPUS label=racy family=std_unordered primitive=std_mutex atomics=none repeats=yes twin=fam_unord_dns_clean cause=forgotten-lock */
/* SPDX-License-Identifier: MIT */
/*
 * A cache of addresses: answers of the network are stored by one thread, those of the hosts file by another.
 * The hosts file is read without the lock of the cache.
 */
#include <cstdio>
#include <mutex>
#include <pthread.h>
#include <string>
#include <thread>
#include <unordered_map>

namespace
{
struct Cache {
	std::unordered_map<std::string, unsigned> addresses;
	std::mutex lock;
	pthread_barrier_t start, start_over;
} cache;

void store_answer(int n)
{
	std::string host = "www" + std::to_string(n) + ".example.net";
	std::lock_guard<std::mutex> hold(cache.lock);

	cache.addresses[host] = 0x0a000000u + n;
}

void store_host(int n)
{
	std::string host = "node" + std::to_string(n) + ".local";

	cache.addresses[host] = 0xc0a80000u + n;
}
}

int main()
{
	cache.addresses.reserve(4096);
	pthread_barrier_init(&cache.start, nullptr, 2);
	pthread_barrier_init(&cache.start_over, nullptr, 2);
	std::thread network([] {
		pthread_barrier_wait(&cache.start);
		for (int n = 0; n < 400; n++)
			store_answer(n);
		pthread_barrier_wait(&cache.start_over);
	});
	pthread_barrier_wait(&cache.start);
	for (int n = 0; n < 400; n++)
		store_host(n);
	pthread_barrier_wait(&cache.start_over);
	network.join();
	std::printf("cache of %s\n", cache.addresses.size() <= 800 ? "hosts" : "ghosts");
}
