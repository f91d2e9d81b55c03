/* SPDX-License-Identifier: MIT */
/* BUILD: -pthread */
/*
 * std_unordered_race.cc - two threads count words into one table, each under its own lock.
 *
 *	thread      function   lock             races
 *	reader      count      lock of "words"  with the other counter
 *	main        count      lock of "names"  with the other counter
 *
 * Each counter has a mutex, and both lead to the same std::unordered_map: a lock protects what everybody takes it for. Where
 * two insertions meet, one may rehash the table while the other walks its buckets.
 */
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "turns.h"

static std::unordered_map<std::string, int> table;

struct counter {
	std::mutex lock;
	std::unordered_map<std::string, int> &counts;

	void count(const char *word)
	{
		std::lock_guard<std::mutex> guard(lock);
		counts[word]++; /* RACE HERE */
	}
};

static counter words{ {}, table }, names{ {}, table };

static void reader()
{
	static const char *const text[] = { "the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog" };

	for (const char *word : text)
		words.count(word);
	turn_over();
}

int main()
{
	std::thread thread(reader);

	turn_wait(1);
	names.count("Ada");
	names.count("Grace");
	thread.join();
	std::printf("%zu entries\n", table.size());
	return 0;
}
