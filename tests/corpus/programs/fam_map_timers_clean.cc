/* CORPUS label=clean family=std_map primitive=std_mutex atomics=none repeats=yes twin=fam_map_timers_racy strip=yes */
/* SPDX-License-Identifier: MIT */
/*
 * Timers in a std::multimap, by the time when they are due: the clock removes the first ones, a
 * client adds later ones.
 * Both take the lock of the timers.
 */
#include <cstdio>
#include <map>
#include <mutex>
#include <pthread.h>
#include <thread>

namespace
{
std::multimap<long, int> timers;
std::mutex timers_lock, hand_lock;
pthread_barrier_t round_of_clock;

void add(long due, int id)
{
	std::scoped_lock hold(timers_lock);
	timers.emplace(due, id);
}

int expire()
{
	std::scoped_lock hold(timers_lock, hand_lock);
	auto first = timers.begin();
	int id = first->second;

	timers.erase(first);
	return id;
}

void client()
{
	pthread_barrier_wait(&round_of_clock);
	for (int i = 0; i < 200; i++) {
		char text[32];

		std::snprintf(text, sizeof text, "%d", 100000 + i * 3);
		add(std::strtol(text, nullptr, 10), i);
	}
	pthread_barrier_wait(&round_of_clock);
}
}

int main()
{
	long sum = 0;

	for (int i = 0; i < 3000; i++)
		add(i, i);
	pthread_barrier_init(&round_of_clock, nullptr, 2);
	std::thread thread(client);
	pthread_barrier_wait(&round_of_clock);
	for (int i = 0; i < 300; i++) {
		char text[32];

		sum += std::snprintf(text, sizeof text, "timer %d", expire());
	}
	pthread_barrier_wait(&round_of_clock);
	thread.join();
	std::printf("timers %s\n", sum ? "expired" : "stuck");
}
