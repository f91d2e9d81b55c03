/* CORPUS label=clean family=std_map primitive=std_cond atomics=none repeats=no twin=prim_std_cond_mail_racy */
/* SPDX-License-Identifier: MIT */
/*
 * A postman fills the letter boxes and rings; the resident walks along the boxes.
 * He rings when he is done.
 */
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <thread>

static std::map<int, int> boxes;
static std::mutex lock;
static std::condition_variable bell;
static bool rung;

static void ring()
{
	{
		std::lock_guard<std::mutex> guard(lock);
		rung = true;
	}
	bell.notify_one();
}

static void postman()
{
	for (int number = 1; number <= 8; number++) {
		boxes.insert({ number, 10 * number });
	}
	ring();
}

static int resident()
{
	int letters = 0;

	{
		std::unique_lock<std::mutex> guard(lock);
		bell.wait(guard, [] { return rung; });
	}
	for (const auto &box : boxes)
		letters += box.second > 0;
	return letters;
}

int main()
{
	std::thread thread(postman);
	int letters = resident();

	thread.join();
	std::printf("letters: %s\n", letters >= 6 ? "yes" : "no");
	return 0;
}
