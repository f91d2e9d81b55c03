/* SPDX-License-Identifier: MIT */
/* A std::map that is filled at its first use: std::call_once, a static of a function, and one that is wrong. */
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "recipe.h"

using table = std::map<std::string, int>;

static void fill(table &t)
{
	t.emplace("timeout", 30);
	t.emplace("retries", 3);
}

static table made()
{
	table t;

	fill(t);
	return t;
}

static void add_up(const table &t)
{
	int sum = 0;

	for (auto &entry : t)
		sum += entry.second;
	if (sum != 33)
		abort();
}

static void run_workers(void (*work)())
{
	std::vector<std::thread> workers;

	for (int i = 0; i < 4; i++)
		workers.emplace_back(work);
	for (auto &w : workers)
		w.join();
}

static table defaults;
static std::once_flag once;

static void once_worker()
{
	std::call_once(once, [] { fill(defaults); });
	add_up(defaults);
}

static void by_call_once()
{
	run_workers(once_worker);
}

static const table &static_defaults()
{
	static const table t = made();
	return t;
}

static void static_worker()
{
	add_up(static_defaults());
}

static void by_static()
{
	run_workers(static_worker);
}

/* Wrong: the flag is plain. */
static bool loaded;

static void unguarded_worker()
{
	if (!loaded)
		fill(defaults);
	loaded = true;
	add_up(defaults);
}

static void *first(void *unused)
{
	unguarded_worker();
	gate_open(&first_done);
	return unused;
}

static void *second(void *unused)
{
	gate_wait(&first_done, 1);
	unguarded_worker();
	return unused;
}

static void plain_flag()
{
	both(first, second);
}

RECIPES({ "by_call_once", by_call_once, "silent" }, { "by_static", by_static, "silent" },
	{ "plain_flag", plain_flag, "reported" })
