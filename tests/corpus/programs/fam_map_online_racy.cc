/* CORPUS label=racy family=std_set primitive=std_shared_mutex atomics=none repeats=yes twin=fam_map_online_clean cause=read-lock-write */
/* SPDX-License-Identifier: MIT */
/*
 * The set of the members who are online: one thread lets them in, one prints the list.
 * Entering takes the lock shared, like printing.
 */
#include <cstdio>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>

namespace
{
std::set<std::string> online;
std::shared_mutex online_lock;

void enter(const std::string &name)
{
	std::shared_lock<std::shared_mutex> hold(online_lock);
	online.insert(name);
}

std::size_t print_size()
{
	std::shared_lock<std::shared_mutex> hold(online_lock);
	std::size_t n = 0;

	for (const std::string &name : online)
		n += name.size() + 1;
	return n;
}

void gate(int members)
{
	for (int i = 0; i < members; i++)
		enter("member" + std::to_string(1000 + i * 7919 % 9000));
}
}

int main()
{
	std::size_t bytes = 0;

	gate(150);
	std::thread door(gate, 600);
	for (int i = 0; i < 400; i++)
		bytes += print_size();
	door.join();
	std::printf("list %s\n", bytes ? "printed" : "empty");
}
