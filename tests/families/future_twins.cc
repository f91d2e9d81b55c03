/* SPDX-License-Identifier: MIT */
/*
 * future_twins.cc - std::promise, std::packaged_task and std::async. See twins.h.
 *
 * The gate makes the result be there when side B asks for it: then asking is a look at an inlined atomic, and no call.
 */
#include <future>
#include <map>

#include "family.h"

static std::map<int, int> map;
static std::promise<void> promise;
static std::promise<std::map<int, int> *> promise_of_map;
static std::packaged_task<void()> task;
static std::future<void> future;
static std::shared_future<void> shared;
static std::future<std::map<int, int> *> future_of_map;

ACCESS(insert_a, map[1] = 1)
ACCESS(insert_b, map[2] = 2)

/* A's access comes before the result is set, in the racy twin after it. */
#define SET(name, set, get)                                                                                          \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		if (!racy)                                                                                           \
			insert_a();                                                                                  \
		set;                                                                                                 \
		if (racy)                                                                                            \
			insert_a();                                                                                  \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&a_done, 1);                                                                               \
		get;                                                                                                 \
		insert_b();                                                                                          \
		return unused;                                                                                       \
	}

SET(write_write_promise, promise.set_value(), future.get())
SET(promise_of_map, promise_of_map.set_value(&map), future_of_map.get())
SET(shared_future, promise.set_value(), shared.wait())
SET(exception, promise.set_exception(std::make_exception_ptr(1)), try { future.get(); } catch (int) {})

SET(packaged_task, task(), future.get())

/* std::async joins: no result that is set hides what a thread does beside another. */
static void *async_alone(void *unused)
{
	std::future<void> a = std::async(std::launch::async, [] { insert_a(); gate_open(&a_done); });

	if (!racy)
		a.get();
	gate_wait(&a_done, 1);
	insert_b();
	return unused;
}

static const struct scenario list[] = {
	SIDES(write_write_promise), SIDES(promise_of_map), SIDES(shared_future), SIDES(exception), SIDES(packaged_task), ALONE(async),
};

int main(int argc, char **argv)
{
	bool of_task = argc > 1 && !strcmp(argv[1], "packaged_task");

	task = std::packaged_task<void()>([] {});
	future = of_task ? task.get_future() : promise.get_future();
	if (argc > 1 && !strcmp(argv[1], "shared_future"))
		shared = future.share();
	future_of_map = promise_of_map.get_future();
	return twins_main(argc, argv, list, sizeof(list) / sizeof(*list));
}
