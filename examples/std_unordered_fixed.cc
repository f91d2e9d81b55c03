/* SPDX-License-Identifier: MIT */
/* BUILD: -pthread */
/* std_unordered_fixed.cc - std_unordered_race.cc, with the lock beside the table it protects. */
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

static std::unordered_map<std::string, int> table;
static std::mutex table_lock;

struct counter {
	std::unordered_map<std::string, int> &counts;

	void count(const char *word)
	{
		std::lock_guard<std::mutex> guard(table_lock);
		counts[word]++;
	}
};

static counter words{ table }, names{ table };

static void reader()
{
	static const char *const text[] = { "the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog" };

	for (const char *word : text)
		words.count(word);
}

int main()
{
	std::thread thread(reader);

	names.count("Ada");
	names.count("Grace");
	thread.join();
	std::printf("%zu entries\n", table.size());
	return 0;
}
