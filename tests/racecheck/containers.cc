/* SPDX-License-Identifier: MIT */
/* containers.cc - a threaded program with a std::map or (UNORDERED) a std::unordered_map; NEITHER: with a vector. Never run. */
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

static std::mutex lock;
#if defined(UNORDERED)
static std::unordered_map<int, std::string> table;
#elif !defined(NEITHER)
static std::map<int, std::string> table;
#else
static std::vector<std::string> table(100);
#endif

static void work(int from)
{
	for (int i = from; i < from + 100; i++) {
		std::lock_guard<std::mutex> guard(lock);
#if defined(NEITHER)
		table[i % 100] = std::to_string(i);
#else
		table[i] = std::to_string(i);
		if (table.find(i - 1) != table.end())
			table.erase(i - 1);
#endif
	}
}

int main()
{
	std::thread a(work, 0), b(work, 50);

	a.join();
	b.join();
	return table.empty();
}
