/* CORPUS label=racy family=std_map primitive=atomic_flag atomics=own repeats=no twin=atom_publish_usleep_clean cause=published_too_early */
/* SPDX-License-Identifier: MIT */
/*
 * A start-up thread reads the tariff table; the main thread waits for the flag with short sleeps, then prints the
 * tariffs.
 * The flag goes up before the last tariff is in.
 */
#include <atomic>
#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <unistd.h>

static std::map<std::string, double> tariffs;
static std::atomic<bool> loaded;

static void load_tariffs()
{
	tariffs["day"] = 0.31;
	tariffs["night"] = 0.22;
	usleep(3000);
	tariffs["weekend"] = 0.25;
	loaded.store(true, std::memory_order_release);
	tariffs["holiday"] = 0.19;
}

static double total()
{
	double sum = 0;

	for (const auto &tariff : tariffs)
		sum += tariff.second;
	return sum;
}

int main()
{
	std::thread loader(load_tariffs);
	double sum;

	while (!loaded.load(std::memory_order_acquire))
		usleep(500);
	sum = total();
	loader.join();
	std::printf("%zu tariffs, %s\n", tariffs.size(), sum > 0.5 ? "usable" : "unusable");
	return 0;
}
