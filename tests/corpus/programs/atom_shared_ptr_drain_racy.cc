/* CORPUS label=racy family=std_map primitive=shared_ptr atomics=own repeats=yes twin=atom_shared_ptr_drain_clean cause=wrong_belief */
/* SPDX-License-Identifier: MIT */
/*
 * Two threads hold a std::shared_ptr to the same ledger. The pointer's own count decides who drains the ledger: its
 * deleter takes the entries out one by one.
 * The auditor also closes entries while the other thread still reads: "a shared_ptr is thread-safe", its content is
 * not.
 */
#include <cstdio>
#include <map>
#include <memory>
#include <thread>
#include <unistd.h>

using ledger = std::map<int, long>;

static long drained;

static void drain(ledger *book)
{
	while (!book->empty()) {
		drained += book->begin()->second;
		book->erase(book->begin());
	}
	delete book;
}

static void clerk(std::shared_ptr<ledger> book, long *sum)
{
	for (int round = 0; round < 200; round++) {
		for (const auto &entry : *book)
			*sum += entry.second;
		usleep(100);
	}
}

static void auditor(std::shared_ptr<ledger> book, long *sum)
{
	for (int round = 0; round < 200; round++) {
		auto last = std::prev(book->end());

		*sum += last->second;
		if (round % 2)
			book->erase(last);
		usleep(110);
	}
}

int main()
{
	std::shared_ptr<ledger> book(new ledger, drain);
	long sums[2] = {0, 0};

	for (int i = 0; i < 120; i++)
		book->emplace(i, 5);
	std::thread first(clerk, book, &sums[0]), second(auditor, book, &sums[1]);
	book.reset();
	first.join();
	second.join();
	std::printf("%s drained\n", drained > 0 && sums[0] > 0 && sums[1] > 0 ? "ledger" : "nothing");
	return 0;
}
