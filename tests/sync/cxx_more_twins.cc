/* SPDX-License-Identifier: MIT */
/* cxx_more_twins.cc - what tests/e2e/cxx_twins.cc leaves of the threads library of C++, up to C++20. See twins.h. */
#include "asleep.h"

#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <stop_token>
#include <thread>

namespace {

struct gate b_waits, a_over;
const auto long_time = std::chrono::seconds(100);

auto later()
{
	return std::chrono::steady_clock::now() + long_time;
}

/* Two threads, joined at the end; A's part is over before B's begins. */
template <class A, class B> void *sides(A a, B b)
{
	std::thread ta([&] { a(); gate_open(&a_done); });
	std::thread tb([&] { gate_wait(&a_done, 1); b(); });
	ta.join();
	tb.join();
	return nullptr;
}

/* Each way to take a lock gives back what holds it. */
template <class Mutex, class A, class B> void *locked(Mutex (&m)[2], A a, B b)
{
	return sides([&] { auto hold = a(m[0]); if (!hold) abort(); touch_a(); },
		     [&] { auto hold = b(m[racy]); if (!hold) abort(); touch_b(); });
}

#define WAY(name, expression)                                                                                        \
	auto name = [](auto &m) {                                                                                    \
		using lock = std::unique_lock<std::remove_reference_t<decltype(m)>>;                                 \
		return lock expression;                                                                              \
	}
WAY(plainly, (m));
WAY(by_try, (m, std::try_to_lock));
WAY(by_time, (m, long_time));
WAY(until_time, (m, later()));

#define LOCK(name, type, way)                                                                                        \
	void *name##_alone(void *)                                                                                   \
	{                                                                                                            \
		static type m[2];                                                                                    \
		return locked(m, way, way);                                                                          \
	}
LOCK(mutex, std::mutex, plainly)
LOCK(recursive_mutex, std::recursive_mutex, plainly)
LOCK(recursive_mutex_try, std::recursive_mutex, by_try)
LOCK(timed_mutex_lock, std::timed_mutex, plainly)
LOCK(timed_mutex_try, std::timed_mutex, by_try)
LOCK(timed_mutex_until, std::timed_mutex, until_time)
LOCK(recursive_timed_until, std::recursive_timed_mutex, until_time)
LOCK(shared_mutex_try, std::shared_mutex, by_try)
LOCK(shared_timed_for, std::shared_timed_mutex, by_time)
LOCK(shared_timed_until, std::shared_timed_mutex, until_time)

/* A reader before a writer: the reader's release. */
template <class Mutex, class Way> void *reader_first(Way way)
{
	static Mutex m[2];

	return sides([&] { auto hold = way(m[0]); if (!hold) abort(); look_a(); },
		     [&] { std::unique_lock<Mutex> hold(m[racy]); touch_b(); });
}
#define READ_WAY(name, expression)                                                                                   \
	auto name = [](auto &m) {                                                                                    \
		using lock = std::shared_lock<std::remove_reference_t<decltype(m)>>;                                 \
		return lock expression;                                                                              \
	}
READ_WAY(read_plainly, (m));
READ_WAY(read_by_try, (m, std::try_to_lock));
READ_WAY(read_by_time, (m, long_time));
READ_WAY(read_until_time, (m, later()));

void *reader_then_writer_alone(void *) { return reader_first<std::shared_mutex>(read_plainly); }
void *reader_try_alone(void *) { return reader_first<std::shared_mutex>(read_by_try); }
void *reader_for_alone(void *) { return reader_first<std::shared_timed_mutex>(read_by_time); }
void *reader_until_alone(void *) { return reader_first<std::shared_timed_mutex>(read_until_time); }

/* A writer before a reader that takes it by each way. */
template <class Mutex, class Way> void *writer_first(Way way)
{
	static Mutex m[2];

	return sides([&] { std::unique_lock<Mutex> hold(m[0]); touch_a(); },
		     [&] { auto hold = way(m[racy]); if (!hold) abort(); look_b(); });
}
void *writer_then_try_alone(void *) { return writer_first<std::shared_mutex>(read_by_try); }
void *writer_then_for_alone(void *) { return writer_first<std::shared_timed_mutex>(read_by_time); }
void *writer_then_until_alone(void *) { return writer_first<std::shared_timed_mutex>(read_until_time); }

void *lock_two_alone(void *)
{
	static std::mutex m[4];

	return sides([] { std::lock(m[0], m[1]); touch_a(); m[0].unlock(); m[1].unlock(); },
		     [] {
			     std::mutex &other = m[racy ? 3 : 1];

			     std::lock(m[2], other);
			     touch_b();
			     m[2].unlock();
			     other.unlock();
		     });
}

/* ---- conditions ---------------------------------------------------------------------------------------------------- */

/* A's access comes after the unlock and before the signal: only that orders it. */
template <class Condition, class Wait, class Wake> void *signalled(Condition &, Wait wait, Wake wake)
{
	static std::mutex m;
	static bool ready;

	std::thread tb([&] {
		std::unique_lock<std::mutex> hold(m);
		touch_b();
		gate_open(&b_waits);
		wait(hold, [] { return ready; });
		hold.unlock();
		gate_wait(&a_done, 1);
		look_b();
	});
	std::thread ta([&] {
		gate_wait(&b_waits, 1);
		{
			std::lock_guard<std::mutex> hold(m);
			ready = true;
		}
		if (!racy)
			touch_a();
		wake();
		if (racy)
			touch_a();
		gate_open(&a_done);
	});
	ta.join();
	tb.join();
	return nullptr;
}

#define CONDITION(name, type, wait, wake)                                                                            \
	void *name##_alone(void *)                                                                                   \
	{                                                                                                            \
		static type c;                                                                                       \
		return signalled(c, [](auto &hold, auto ready) { (void)(wait); }, [] { c.wake(); });                 \
	}
CONDITION(signal_one, std::condition_variable, (c.wait(hold, ready), 0), notify_one)
CONDITION(signal_all, std::condition_variable, (c.wait(hold, ready), 0), notify_all)
CONDITION(signal_for, std::condition_variable, c.wait_for(hold, long_time, ready), notify_one)
CONDITION(signal_until, std::condition_variable, c.wait_until(hold, later(), ready), notify_one)
CONDITION(signal_until_system, std::condition_variable,
	  c.wait_until(hold, std::chrono::system_clock::now() + long_time, ready), notify_one)
CONDITION(any_one, std::condition_variable_any, (c.wait(hold, ready), 0), notify_one)
CONDITION(any_all, std::condition_variable_any, c.wait_for(hold, long_time, ready), notify_all)
CONDITION(any_stop_token, std::condition_variable_any, c.wait(hold, std::stop_source().get_token(), ready), notify_all)

/* The thread's own end is what signals, after its thread_local destructors. */
struct at_thread_end {
	~at_thread_end()
	{
		touch_a();
		gate_open(&a_over);
	}
	void use() { __asm__ volatile("" : : "r"(this) : "memory"); }
};

void *at_thread_exit_alone(void *)
{
	static std::mutex m;
	static std::condition_variable c;
	static bool ready;

	std::unique_lock<std::mutex> hold(m);
	std::thread([] {
		static thread_local at_thread_end last;
		std::unique_lock<std::mutex> held(m);
		last.use();
		ready = true;
		std::notify_all_at_thread_exit(c, std::move(held));
	}).detach();
	if (racy) {
		hold.unlock();
		gate_wait(&a_over, 1);
	} else {
		c.wait(hold, [] { return ready; });
	}
	touch_b();
	return nullptr;
}

/* request_stop wakes who waits with the token. */
void *stop_wakes_alone(void *)
{
	static std::mutex m;
	static std::condition_variable_any c;

	std::jthread tb([](std::stop_token stop) {
		std::unique_lock<std::mutex> hold(m);
		touch_b();
		gate_open(&b_waits);
		c.wait(hold, stop, [] { return false; });
		hold.unlock();
		gate_wait(&a_done, 1);
		look_b();
	});
	std::thread ta([&] {
		gate_wait(&b_waits, 1);
		m.lock();
		m.unlock();
		if (!racy)
			touch_a();
		tb.request_stop();
		if (racy)
			touch_a();
		gate_open(&a_done);
	});
	ta.join();
	return nullptr;
}

/* ---- threads and futures ------------------------------------------------------------------------------------------- */

void *jthread_alone(void *)
{
	{
		std::jthread t([] { touch_a(); gate_open(&a_done); });
		gate_wait(&a_done, 1);
		if (racy)
			touch_b();
	}
	if (!racy)
		touch_b();
	return nullptr;
}

/* The callback runs on the thread that asks to stop, before request_stop returns; it is destroyed after it ran. */
void *stop_callback_alone(void *)
{
	std::stop_source source;
	std::stop_callback act(source.get_token(), [] { touch_a(); });
	std::thread t([&] { source.request_stop(); gate_open(&a_done); });

	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	t.join();
	if (!racy)
		touch_b();
	return nullptr;
}

void *async_wait_alone(void *)
{
	auto result = std::async(std::launch::async | std::launch::deferred, [] { touch_a(); gate_open(&a_done); });

	gate_wait(&a_done, 1);
	if (racy)
		touch_b();
	result.wait();
	if (!racy)
		touch_b();
	return nullptr;
}

/* Its destructor waits, too. */
void *async_destroyed_alone(void *)
{
	{
		auto result = std::async(std::launch::async, [] { touch_a(); gate_open(&a_done); });

		gate_wait(&a_done, 1);
		if (racy)
			touch_b();
	}
	if (!racy)
		touch_b();
	return nullptr;
}

/* Run by whoever asks, once. */
void *deferred_alone(void *)
{
	static std::shared_future<void> result = std::async(std::launch::deferred, [] { touch_a(); }).share();

	return sides([] { auto mine = result; mine.get(); if (racy) touch_a(); },
		     [] { auto mine = result; mine.get(); touch_b(); });
}

template <class Set, class Get> void *promised(Set set, Get get)
{
	static std::promise<int> promise;
	static std::shared_future<int> future = promise.get_future().share();

	return sides([&] { if (!racy) touch_a(); set(promise); if (racy) touch_a(); },
		     [&] { auto mine = future; get(mine); touch_b(); });
}
void *promise_get_alone(void *)
{
	return promised([](auto &p) { p.set_value(1); }, [](auto &f) { f.get(); });
}
void *promise_wait_for_alone(void *)
{
	return promised([](auto &p) { p.set_value(1); }, [](auto &f) { f.wait_for(long_time); });
}
void *promise_wait_until_alone(void *)
{
	return promised([](auto &p) { p.set_value(1); }, [](auto &f) { f.wait_until(later()); });
}
void *promise_polled_alone(void *)
{
	return promised([](auto &p) { p.set_value(1); },
			[](auto &f) {
				while (f.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
					continue;
			});
}

/* The result is told when the thread ends; a key's destructor that sets itself again comes after that. */
pthread_key_t last_key;
int rounds;

void in_second_round(void *value)
{
	if (rounds++ == 0) {
		MUST(pthread_setspecific(last_key, value));
		return;
	}
	if (racy)
		touch_a();
	gate_open(&a_done);
}

void *promise_at_thread_exit_alone(void *)
{
	static std::promise<int> promise;
	std::future<int> future = promise.get_future();

	MUST(pthread_key_create(&last_key, in_second_round));
	std::thread ta([] {
		MUST(pthread_setspecific(last_key, &last_key));
		if (!racy)
			touch_a();
		promise.set_value_at_thread_exit(1);
	});
	future.wait();
	gate_wait(&a_done, 1);
	touch_b(); /* before the thread is joined */
	ta.join();
	return nullptr;
}

void *task_alone(void *)
{
	static std::packaged_task<void()> task([] { if (!racy) touch_a(); });
	static std::future<void> result = task.get_future();

	return sides([] { task(); if (racy) touch_a(); }, [] { result.get(); touch_b(); });
}

/* A routine that throws is not the one; the next is. */
void *call_once_again_alone(void *)
{
	static std::once_flag flag[2];

	return sides(
		[] {
			try {
				std::call_once(flag[0], [] { throw 1; });
			} catch (int) {
			}
			std::call_once(flag[0], [] { touch_a(); });
		},
		[] { std::call_once(flag[racy], [] {}); touch_b(); });
}

/* ---- what is atomics inline, and a futex where somebody waits ------------------------------------------------------------- */

int tid;

template <class Give, class Take> void *slow_path(Give give, Take take)
{
	std::thread tb([&] {
		tid = gettid();
		gate_open(&b_waits);
		take();
		gate_wait(&a_done, 1);
		touch_b();
	});
	std::thread ta([&] {
		gate_wait(&b_waits, 1);
		asleep(tid);
		if (!racy)
			touch_a();
		give();
		if (racy)
			touch_a();
		gate_open(&a_done);
	});
	ta.join();
	tb.join();
	return nullptr;
}

void *semaphore_alone(void *)
{
	static std::counting_semaphore<8> s(0);
	return slow_path([] { s.release(); }, [] { s.acquire(); });
}

void *binary_semaphore_alone(void *)
{
	static std::binary_semaphore s(0);
	return slow_path([] { s.release(); }, [] { (void)s.try_acquire_for(long_time); });
}

void *latch_alone(void *)
{
	static std::latch l(1);
	return slow_path([] { l.count_down(); }, [] { l.wait(); });
}

void *barrier_alone(void *)
{
	static std::barrier<> b(2);
	return slow_path([] { b.arrive_and_wait(); }, [] { b.arrive_and_wait(); });
}

void *atomic_wait_alone(void *)
{
	static std::atomic<int> a;
	return slow_path([] { a = 1; a.notify_one(); }, [] { a.wait(0); });
}

void *atomic_long_wait_alone(void *)
{
	static std::atomic<long> a;
	return slow_path([] { a = 1; a.notify_all(); }, [] { a.wait(0); });
}

void *atomic_flag_alone(void *)
{
	static std::atomic_flag f;
	return slow_path([] { f.test_and_set(); f.notify_all(); }, [] { f.wait(false); });
}

void *future_slow_alone(void *)
{
	static std::promise<int> p;
	static auto f = p.get_future();
	return slow_path([] { p.set_value(1); }, [] { f.get(); });
}

const struct scenario list[] = {
	ALONE(mutex), ALONE(recursive_mutex), ALONE(recursive_mutex_try), ALONE(timed_mutex_lock), ALONE(timed_mutex_try),
	ALONE(timed_mutex_until), ALONE(recursive_timed_until), ALONE(shared_mutex_try), ALONE(shared_timed_for),
	ALONE(shared_timed_until), ALONE(reader_then_writer), ALONE(reader_try), ALONE(reader_for), ALONE(reader_until),
	ALONE(writer_then_try), ALONE(writer_then_for), ALONE(writer_then_until), ALONE(lock_two), ALONE(signal_one),
	ALONE(signal_all), ALONE(signal_for), ALONE(signal_until), ALONE(signal_until_system), ALONE(any_one), ALONE(any_all),
	ALONE(any_stop_token), ALONE(at_thread_exit), ALONE(stop_wakes), ALONE(jthread), ALONE(stop_callback),
	ALONE(async_wait), ALONE(async_destroyed), ALONE(deferred), ALONE(promise_get), ALONE(promise_wait_for),
	ALONE(promise_wait_until), ALONE(promise_polled), ALONE(promise_at_thread_exit), ALONE(task), ALONE(call_once_again),
	ALONE(semaphore), ALONE(binary_semaphore), ALONE(latch), ALONE(barrier), ALONE(atomic_wait), ALONE(atomic_long_wait),
	ALONE(atomic_flag), ALONE(future_slow),
};

} // namespace

int main(int argc, char **argv)
{
	return twins_main(argc, argv, list, sizeof list / sizeof *list);
}
