/* CORPUS label=racy family=std_map primitive=std_thread atomics=none repeats=yes twin=fam_map_concordance_clean cause=unsynchronised */
/* SPDX-License-Identifier: MIT */
/*
 * A concordance: two threads collect the lines of each word in maps of their own, main merges them.
 * Main merges the second map while its thread still collects, and joins it last.
 */
#include <cstdio>
#include <map>
#include <thread>

namespace
{
using Concordance = std::map<unsigned, unsigned>; /* hash of a word -> first line */

void collect(Concordance &into, unsigned seed, unsigned lines)
{
	for (unsigned line = 1; line <= lines; line++) {
		seed = seed * 1664525 + 1013904223;
		into.try_emplace(seed >> 20, line);
	}
}

unsigned merge(Concordance &all, const Concordance &part)
{
	unsigned seen = 0;

	for (const auto &[word, line] : part) {
		all.try_emplace(word, line);
		seen++;
	}
	return seen;
}
}

int main()
{
	Concordance first, second, all;

	collect(second, 9, 200);
	std::thread one(collect, std::ref(first), 1, 600);
	std::thread two(collect, std::ref(second), 2, 2500);
	one.join();
	unsigned seen = merge(all, first);
	for (int look = 0; look < 20; look++)
		seen += merge(all, second);
	two.join();
	std::printf("%s\n", seen >= all.size() ? "merged" : "lost words");
}
