/* SPDX-License-Identifier: MIT */
/* BUILD: -pthread */
/*
 * std_map_race.cc - a list of open connections that is printed while connections still come in.
 *
 *	thread      function        lock         races
 *	acceptor    opened          list_lock    -
 *	acceptor    closed          none         with the print-out
 *	main        print_open      list_lock    with the removal
 *
 * std::map moves its links around at every insertion and removal; const member functions and iterators only read them. The
 * removal was added later, and its author believed that erasing an element does not disturb the others: true for their
 * iterators, not for a thread that follows the links at that moment.
 */
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "turns.h"

static std::map<int, std::string> connections;
static std::mutex list_lock;

static void opened(int fd, const char *peer)
{
	std::lock_guard<std::mutex> guard(list_lock);
	connections[fd] = peer;
}

static void closed(int fd)
{
	connections.erase(fd); /* RACE HERE */
}

static void print_open()
{
	std::lock_guard<std::mutex> guard(list_lock);
	for (auto &connection : connections) /* RACE HERE */
		std::printf("%d %s\n", connection.first, connection.second.c_str());
}

static void acceptor()
{
	opened(4, "10.0.0.7");
	opened(5, "10.0.0.8");
	opened(6, "10.0.0.9");
	closed(5);
	turn_over();
}

int main()
{
	std::thread thread(acceptor);

	turn_wait(1);
	print_open();
	thread.join();
	return 0;
}
