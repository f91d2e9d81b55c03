/* CORPUS label=racy family=std_map primitive=std_mutex atomics=none repeats=no twin=prim_std_mutex_prices_clean cause=different-locks */
/* SPDX-License-Identifier: MIT */
/*
 * Two feeds enter prices into one book.
 * Each feed object has a mutex as a member.
 */
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>

static std::map<std::string, double> book;

class Feed {
	std::mutex lock;
	std::string prefix;

public:
	explicit Feed(const char *p) : prefix(p) { }

	void enter(int number, double price)
	{
		std::string name = prefix + std::to_string(number);
		std::lock_guard<std::mutex> guard(lock);

		book.insert({ name, price });
	}

	void run()
	{
		for (int i = 0; i < 6; i++)
			enter(i, 1.5 * i);
	}
};

int main()
{
	Feed stocks("stock-"), bonds("bond-");
	std::thread first([&] { stocks.run(); });
	std::thread second([&] { bonds.run(); });

	first.join();
	second.join();
	std::printf("book is %s\n", book.empty() ? "empty" : "filled");
	return 0;
}
