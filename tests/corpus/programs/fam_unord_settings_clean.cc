/* CORPUS label=clean family=std_unordered primitive=std_shared_mutex atomics=own repeats=yes twin=fam_unord_settings_racy */
/* SPDX-License-Identifier: MIT */
/*
 * A store of settings, shared by std::shared_ptr: an importer and a wizard both add to it.
 * Both methods take the lock.
 */
#include <cstdio>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <shared_mutex>
#include <thread>
#include <unordered_map>

namespace
{
class Settings
{
	std::unordered_map<int, int> values;
	mutable std::shared_mutex lock;

public:
	Settings() { values.reserve(5000); }

	void import(int key, int value)
	{
		std::unique_lock hold(lock);
		values.insert_or_assign(key, value);
	}

	void choose(int key, int value)
	{
		std::unique_lock hold(lock);
		values.emplace(key, value);
	}

	bool has(int key) const
	{
		std::shared_lock hold(lock);
		return values.count(key) != 0;
	}
};

pthread_barrier_t begin, begin_over;

void importer(std::shared_ptr<Settings> settings)
{
	pthread_barrier_wait(&begin);
	for (int i = 0; i < 500; i++)
		settings->import(i, i);
	pthread_barrier_wait(&begin_over);
}

void wizard(std::shared_ptr<Settings> settings)
{
	pthread_barrier_wait(&begin);
	for (int i = 0; i < 500; i++)
		settings->choose(10000 + i, i);
	pthread_barrier_wait(&begin_over);
}
}

int main()
{
	auto settings = std::make_shared<Settings>();

	pthread_barrier_init(&begin, nullptr, 2);

	pthread_barrier_init(&begin_over, nullptr, 2);
	std::thread thread(importer, settings);
	wizard(settings);
	thread.join();
	std::printf("settings %s\n", settings->has(99999) ? "odd" : "kept");
}
