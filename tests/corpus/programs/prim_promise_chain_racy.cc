/* CORPUS label=racy family=std_map primitive=std_future atomics=own repeats=no twin=prim_promise_chain_clean */
/* SPDX-License-Identifier: MIT */
/*
 * Three threads hand a map on by promises: the first fills, the second adds, the third reads.
 * The second adds one more entry after it has kept its promise.
 */
#include <cstdio>
#include <future>
#include <map>
#include <thread>

using Parts = std::map<int, const char *>;

static void fill(Parts &parts, std::promise<Parts *> filled)
{
	parts.insert({ 1, "wheel" });
	parts.insert({ 2, "axle" });
	filled.set_value(&parts);
}

static void complete(std::future<Parts *> filled, std::promise<Parts *> &completed)
{
	Parts *parts = filled.get();

	parts->insert({ 3, "frame" });
	completed.set_value(parts);
	parts->insert({ 4, "saddle" });
}

int main()
{
	Parts parts;
	std::promise<Parts *> filled, completed;
	std::future<Parts *> is_filled = filled.get_future(), is_completed = completed.get_future();
	std::thread first(fill, std::ref(parts), std::move(filled));
	std::thread second(complete, std::move(is_filled), std::ref(completed));
	int n = 0;

	for (const auto &part : *is_completed.get())
		n += part.second != nullptr;
	first.join();
	second.join();
	std::printf("parts: %s\n", n >= 3 ? "enough" : "too few");
	return 0;
}
