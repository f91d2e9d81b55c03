/* CORPUS label=clean family=std_map primitive=std_mutex atomics=none repeats=no twin=prim_std_mutex_prices_racy */
/* SPDX-License-Identifier: MIT */
/*
 * Two feeds enter prices into one book.
 * All feeds share one mutex.
 */
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>

static std::map<std::string, double> book;

class Feed {
	static std::mutex lock;
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

std::mutex Feed::lock;

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
