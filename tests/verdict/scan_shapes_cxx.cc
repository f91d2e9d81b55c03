/* SPDX-License-Identifier: MIT */
/*
 * scan_shapes_cxx.cc - the same as scan_shapes.c, of C++; optimised code only, for else each load is a call.
 */
#include <atomic>
#include <chrono>
#include <thread>

struct state {
	std::atomic<bool> ready{ false };
	std::atomic<int> turn{ 0 };
	state *next = nullptr;
};

extern "C" {
void waits_for_a_bool(state *s)
{
	while (!s->ready.load(std::memory_order_acquire))
		;
}

void waits_for_a_number(state *s, int n)
{
	while (s->turn != n)
		;
}

int none_stops_at_the_end(state *s)
{
	int n = 0;

	for (; s && s->turn.load(std::memory_order_relaxed); s = s->next)
		n++;
	return n;
}

void polls_with_yield(state *s)
{
	while (!s->ready.load(std::memory_order_acquire))
		std::this_thread::yield();
}

void polls_with_sleep_for(state *s)
{
	while (!s->ready)
		std::this_thread::sleep_for(std::chrono::microseconds(100));
}

void works_with_sleep_for(int n)
{
	for (int i = 0; i < n; i++)
		std::this_thread::sleep_for(std::chrono::microseconds(100));
}
}
