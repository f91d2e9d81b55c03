/* CORPUS label=clean family=std_map primitive=std_mutex atomics=none repeats=yes twin=fam_map_accounts_racy */
/* SPDX-License-Identifier: MIT */
/*
 * Accounts of a small bank in a std::map: a counter opens new ones, an auditor walks over all.
 * Both lock.
 */
#include <cstdio>
#include <map>
#include <mutex>
#include <pthread.h>
#include <thread>

namespace
{
class Bank
{
	std::map<int, long> accounts;
	std::mutex lock;

public:
	void open(int number, long deposit)
	{
		std::lock_guard<std::mutex> hold(lock);
		accounts.emplace(number, deposit);
	}

	long audit()
	{
		std::lock_guard<std::mutex> hold(lock);
		long sum = 0;

		for (const auto &account : accounts)
			sum += account.second;
		return sum;
	}
};
}

int main()
{
	pthread_barrier_t hours, hours_over;
	Bank bank;
	long sum = 0;

	for (int number = 0; number < 400; number += 2)
		bank.open(number, 100);
	pthread_barrier_init(&hours, nullptr, 2);
	pthread_barrier_init(&hours_over, nullptr, 2);
	std::thread counter([&] {
		pthread_barrier_wait(&hours);
		for (int number = 1; number < 400; number += 2)
			bank.open(number, 10);
		pthread_barrier_wait(&hours_over);
	});
	pthread_barrier_wait(&hours);
	for (int audit = 0; audit < 200; audit++)
		sum += bank.audit();
	pthread_barrier_wait(&hours_over);
	counter.join();
	std::printf("audits %s\n", sum > 0 ? "done" : "failed");
}
