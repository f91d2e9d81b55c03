/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=0 volatiles=0 */
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
std::shared_ptr<std::string> shared;
std::map<int, std::string> map;
std::mutex lock;
int use()
{
	auto f = std::async(std::launch::async, [] { return 1; });
	std::thread t([] { map[1] = *shared; });
	t.join();
	return f.get();
}
