/* CORPUS label=racy family=std_set primitive=atomic_flag atomics=own repeats=yes twin=atom_flag_lock_report_clean cause=forgotten_lock */
/* SPDX-License-Identifier: MIT */
/*
 * The set of logged-in users, guarded by a std::atomic_flag with yield. A login thread adds and removes users, the
 * status thread counts them all now and then.
 * The status thread walks the set without the flag: "it only reads".
 */
#include <atomic>
#include <cstdio>
#include <set>
#include <thread>
#include <unistd.h>

class flag_lock {
	std::atomic_flag flag = ATOMIC_FLAG_INIT;

public:
	void lock()
	{
		while (flag.test_and_set(std::memory_order_acquire))
			std::this_thread::yield();
	}
	void unlock()
	{
		flag.clear(std::memory_order_release);
	}
};

static flag_lock users_lock;
static std::set<long> users;
static std::atomic<long> logins;

static void login_thread()
{
	for (int i = 0; i < 250; i++) {
		users_lock.lock();
		users.insert(1000 + i % 9);
		users_lock.unlock();
		logins.fetch_add(1, std::memory_order_relaxed);
		usleep(80);
		if (i % 4 == 0) {
			users_lock.lock();
			users.erase(1000 + i % 7);
			users_lock.unlock();
		}
	}
}

static long count_users()
{
	long sum = 0;

	for (long user : users)
		sum += user > 0;
	return sum;
}

static void status_thread(long *most)
{
	for (int i = 0; i < 250 || logins.load(std::memory_order_relaxed) < 250; i++) {
		long now = count_users();

		*most = now > *most ? now : *most;
		usleep(90);
	}
}

int main()
{
	long most = 0;
	std::thread login(login_thread), status(status_thread, &most);

	login.join();
	status.join();
	std::printf("%ld logins, %s\n", logins.load(), most ? "users seen" : "nobody seen");
	return 0;
}
