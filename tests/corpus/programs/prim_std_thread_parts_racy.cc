/* CORPUS label=racy family=std_map primitive=std_thread atomics=none repeats=no twin=prim_std_thread_parts_clean */
/* SPDX-License-Identifier: MIT */
/*
 * A text is counted by a thread; main then prints the letters in order.
 * Main walks the map before it joins.
 */
#include <cstdio>
#include <map>
#include <string>
#include <thread>

using Counts = std::map<char, int>;

static void count(const std::string &text, Counts &counts)
{
	for (char c : text)
		counts.insert({ c, 0 }).first->second++;
}

static std::string first_letters(const Counts &counts)
{
	std::string letters;

	for (auto i = counts.begin(); i != counts.end() && letters.size() < 3; ++i)
		letters += i->first;
	return letters;
}

int main()
{
	Counts counts{ { 'a', 1 }, { 'b', 1 }, { 'c', 1 }, { 'd', 1 } };
	std::thread worker(count, "the quick brown fox jumps over the lazy dog", std::ref(counts));
	std::string letters;

	letters = first_letters(counts);
	worker.join();
	std::printf("starts with %zu letters\n", letters.size());
	return 0;
}
