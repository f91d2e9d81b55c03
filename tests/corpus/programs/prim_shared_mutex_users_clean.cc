/* CORPUS label=clean family=std_set primitive=std_shared_mutex atomics=none repeats=no twin=prim_shared_mutex_users_racy */
/* SPDX-License-Identifier: MIT */
/*
 * The set of users that are present.
 * Those who arrive are entered under the exclusive lock.
 */
#include <cstdio>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>

class Present {
	std::set<std::string> users;
	mutable std::shared_mutex lock;

public:
	void arrive(const std::string &user)
	{
		std::unique_lock<std::shared_mutex> guard(lock);

		users.insert(user);
	}

	size_t count() const
	{
		std::shared_lock<std::shared_mutex> guard(lock);
		size_t n = 0;

		for (const auto &user : users)
			n += !user.empty();
		return n;
	}
};

static void door(Present &present, char name)
{
	for (int i = 0; i < 5; i++)
		present.arrive(std::string(1, name) + std::to_string(i));
}

int main()
{
	Present present;
	std::thread north(door, std::ref(present), 'n'), south(door, std::ref(present), 's');

	north.join();
	south.join();
	std::printf("users present: %s\n", present.count() ? "yes" : "no");
	return 0;
}
