/* SPDX-License-Identifier: MIT */
/* cxx_twins.cc - the threads library of C++ over libstdc++, used rightly and (racy) wrongly. See twins.h. */
#include "twins.h"

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <shared_mutex>
#include <thread>

namespace {

struct gate b_waits;
bool ready;
std::mutex mutex[2];
std::timed_mutex timed_mutex[2];
std::recursive_mutex recursive_mutex[2];
std::recursive_timed_mutex recursive_timed_mutex[2];
std::shared_mutex shared_mutex[2];
std::shared_timed_mutex shared_timed_mutex[2];
std::condition_variable condition;
std::condition_variable_any condition_any;
std::once_flag flag[2];
const auto long_time = std::chrono::seconds(100);

/* Two sides, joined at the end; A's access is over before B's begins. */
template <class A, class B> void *sides(A a, B b)
{
	std::thread ta([&] { a(); gate_open(&a_done); });
	std::thread tb([&] { gate_wait(&a_done, 1); b(); });
	ta.join();
	tb.join();
	return nullptr;
}

void *lock_guard_alone(void *)
{
	return sides([] { std::lock_guard<std::mutex> hold(mutex[0]); touch_a(); },
		     [] { std::lock_guard<std::mutex> hold(mutex[racy]); touch_b(); });
}

void *unique_lock_try_alone(void *)
{
	return sides([] { std::unique_lock<std::mutex> hold(mutex[0], std::try_to_lock); touch_a(); },
		     [] { std::unique_lock<std::mutex> hold(mutex[racy], std::try_to_lock); touch_b(); });
}

void *scoped_lock_two_alone(void *)
{
	return sides([] { std::scoped_lock hold(mutex[0], recursive_mutex[0]); touch_a(); },
		     [] { std::scoped_lock hold(mutex[1], recursive_mutex[racy]); touch_b(); });
}

void *timed_mutex_alone(void *)
{
	return sides([] { std::unique_lock<std::timed_mutex> hold(timed_mutex[0], long_time); touch_a(); },
		     [] { std::unique_lock<std::timed_mutex> hold(timed_mutex[racy], long_time); touch_b(); });
}

void *recursive_timed_mutex_alone(void *)
{
	return sides([] { std::unique_lock<std::recursive_timed_mutex> hold(recursive_timed_mutex[0], long_time); touch_a(); },
		     [] { std::unique_lock<std::recursive_timed_mutex> hold(recursive_timed_mutex[racy], long_time); touch_b(); });
}

void *shared_mutex_alone(void *)
{
	return sides([] { std::unique_lock<std::shared_mutex> hold(shared_mutex[0]); touch_a(); },
		     [] { std::shared_lock<std::shared_mutex> hold(shared_mutex[racy]); look_b(); });
}

void *shared_timed_mutex_alone(void *)
{
	return sides([] { std::unique_lock<std::shared_timed_mutex> hold(shared_timed_mutex[0], long_time); touch_a(); },
		     [] { std::shared_lock<std::shared_timed_mutex> hold(shared_timed_mutex[racy], long_time); look_b(); });
}

template <class Wait, class Wake> void *condition_twins(Wait wait, Wake wake)
{
	std::thread tb([&] {
		{
			std::unique_lock<std::mutex> hold(mutex[0]);
			touch_b();
			gate_open(&b_waits);
			wait(hold);
		}
		gate_wait(&a_done, 1);
		look_b();
	});
	std::thread ta([&] {
		gate_wait(&b_waits, 1);
		{
			std::lock_guard<std::mutex> hold(mutex[0]);
			if (!racy)
				touch_a();
			ready = true;
			wake();
		}
		if (racy)
			touch_a();
		gate_open(&a_done);
	});
	ta.join();
	tb.join();
	return nullptr;
}

void *condition_wait_alone(void *)
{
	return condition_twins([](auto &hold) { condition.wait(hold, [] { return ready; }); }, [] { condition.notify_one(); });
}

void *condition_wait_for_alone(void *)
{
	return condition_twins([](auto &hold) { condition.wait_for(hold, long_time, [] { return ready; }); },
			       [] { condition.notify_all(); });
}

void *condition_wait_until_system_alone(void *)
{
	return condition_twins(
		[](auto &hold) {
			condition.wait_until(hold, std::chrono::system_clock::now() + long_time, [] { return ready; });
		},
		[] { condition.notify_all(); });
}

void *condition_any_alone(void *)
{
	return condition_twins([](auto &hold) { condition_any.wait(hold, [] { return ready; }); },
			       [] { condition_any.notify_one(); });
}

void *call_once_alone(void *)
{
	return sides([] { std::call_once(flag[0], [] { touch_a(); }); },
		     [] { std::call_once(flag[racy], [] {}); touch_b(); });
}

int first_use(bool touch)
{
	if (touch)
		touch_a();
	return 1;
}

int static_value(bool touch)
{
	static int value = first_use(touch);
	return value;
}

/* The guard of a static orders what its initialiser did before everybody who came through the guard later. */
void *static_guard_alone(void *)
{
	return sides([] { static_value(!racy); if (racy) touch_a(); },
		     [] { static_value(false); touch_b(); });
}

void *thread_join_alone(void *)
{
	std::thread t([] { touch_a(); gate_open(&a_done); });
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	t.join();
	if (!racy)
		touch_b();
	return nullptr;
}

void *thread_detach_alone(void *)
{
	std::thread([] {
		{
			std::lock_guard<std::mutex> hold(mutex[0]);
			touch_a();
		}
		gate_open(&a_done);
	}).detach();
	gate_wait(&a_done, 1);
	std::lock_guard<std::mutex> hold(mutex[racy]);
	touch_b();
	return nullptr;
}

void *async_get_alone(void *)
{
	auto result = std::async(std::launch::async, [] { touch_a(); gate_open(&a_done); return 1; });
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	result.get();
	if (!racy)
		touch_b();
	return nullptr;
}

struct at_thread_end {
	~at_thread_end()
	{
		touch_a();
		gate_open(&a_done);
	}
	void use() { __asm__ volatile("" : : "r"(this) : "memory"); }
};

/* thread_local destructors run before the thread is joined */
void *thread_local_destructor_alone(void *)
{
	std::thread t([] { static thread_local at_thread_end last; last.use(); });
	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	t.join();
	if (!racy)
		touch_b();
	return nullptr;
}

/* The lock is dropped while an exception unwinds through its guard. */
void *exception_drops_lock_alone(void *)
{
	return sides(
		[] {
			try {
				std::unique_lock<std::mutex> hold(mutex[0]);
				if (!racy)
					touch_a();
				throw 1;
			} catch (int) {
				if (racy)
					touch_a();
			}
		},
		[] { std::lock_guard<std::mutex> hold(mutex[0]); touch_b(); });
}

const struct scenario list[] = {
	ALONE(lock_guard), ALONE(unique_lock_try), ALONE(scoped_lock_two), ALONE(timed_mutex), ALONE(recursive_timed_mutex),
	ALONE(shared_mutex), ALONE(shared_timed_mutex), ALONE(condition_wait), ALONE(condition_wait_for),
	ALONE(condition_wait_until_system), ALONE(condition_any), ALONE(call_once), ALONE(static_guard), ALONE(thread_join),
	ALONE(thread_detach), ALONE(async_get), ALONE(thread_local_destructor), ALONE(exception_drops_lock),
};

} // namespace

int main(int argc, char **argv)
{
	return twins_main(argc, argv, list, sizeof list / sizeof *list);
}
