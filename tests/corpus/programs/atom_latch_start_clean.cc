/* CORPUS label=clean family=std_unordered primitive=std_latch atomics=own repeats=no twin=atom_latch_start_racy */
/* SPDX-License-Identifier: MIT */
/*
 * Three workers fill a dictionary each and count a std::latch down. Main waits for the latch and adds up all of them
 * into the first dictionary.
 * A worker counts down after its last word.
 */
#include <cstdio>
#include <latch>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

static const int workers = 3;
static std::unordered_map<int, int> dictionaries[workers];
static std::latch filled(workers);

static void work(int me)
{
	for (int i = 0; i < 20; i++)
		dictionaries[me].emplace(me * 100 + i, i);
	dictionaries[me].emplace(me * 100 + 99, me);
	filled.count_down();
}

int main()
{
	std::vector<std::thread> threads;

	for (auto &dictionary : dictionaries)
		dictionary.reserve(400);
	for (int i = 0; i < workers; i++)
		threads.emplace_back(work, i);
	filled.wait();
	for (int i = 0; i < workers; i++)
		dictionaries[i].emplace(5000 + i, i);
	for (auto &thread : threads)
		thread.join();
	std::printf("%zu words in the last dictionary\n", dictionaries[workers - 1].size());
	return 0;
}
