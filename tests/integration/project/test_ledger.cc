// SPDX-License-Identifier: MIT
//
// test_ledger.cc - test_ledger [forgotten]: a table of our own, which librace knows by the annotations of librace.h.
#include <cstdio>
#include <cstring>
#include <librace.h>
#include <mutex>
#include <thread>

#include "turns.h"

namespace {

struct ledger {
	long amounts[16] = {};
	std::mutex lock;

	ledger() { race_map_create(this, "ledger", RACE_UNSAFE); }
	~ledger() { race_map_destroy(this); }

	void enter(unsigned account, long amount)
	{
		race_insert_begin(this);
		amounts[account % 16] += amount;
		race_insert_end(this);
	}
};

} // namespace

int main(int argc, char **argv)
{
	bool forgotten = argc > 1 && !strcmp(argv[1], "forgotten");
	ledger books;

	std::thread clerk([&] {
		turn_wait(1);
		if (!forgotten)
			books.lock.lock();
		books.enter(3, 20);
		if (!forgotten)
			books.lock.unlock();
	});
	books.lock.lock();
	books.enter(3, 10);
	books.lock.unlock();
	turn_over();
	clerk.join();
	printf("account 3 holds %ld\n", books.amounts[3]);
	return books.amounts[3] == 30 ? 0 : 1;
}
