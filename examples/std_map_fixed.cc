/* SPDX-License-Identifier: MIT */
/* BUILD: -pthread */
/* std_map_fixed.cc - std_map_race.cc, with the lock in closed() as well. */
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>

static std::map<int, std::string> connections;
static std::mutex list_lock;

static void opened(int fd, const char *peer)
{
	std::lock_guard<std::mutex> guard(list_lock);
	connections[fd] = peer;
}

static void closed(int fd)
{
	std::lock_guard<std::mutex> guard(list_lock);
	connections.erase(fd);
}

static void print_open()
{
	std::lock_guard<std::mutex> guard(list_lock);
	for (auto &connection : connections)
		std::printf("%d %s\n", connection.first, connection.second.c_str());
}

static void acceptor()
{
	opened(4, "10.0.0.7");
	opened(5, "10.0.0.8");
	opened(6, "10.0.0.9");
	closed(5);
}

int main()
{
	std::thread thread(acceptor);

	print_open();
	thread.join();
	return 0;
}
