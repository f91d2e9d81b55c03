/* SPDX-License-Identifier: MIT */
/*
 * std_quiet.cc - threads that use std's containers by the rules. Nothing may be said, at any optimisation.
 *
 * Much of what orders these threads is invisible to a library that sees calls: the counts of shared_ptr, atomics. It never
 * stands alone between two accesses that are judged: destructors are not, and memory that is used again is a new container.
 */
#include <pthread.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

enum { THREADS = 4, ROUNDS = 60 };

template <typename F> static void in_threads(F f)
{
	std::vector<std::thread> threads;

	for (int i = 0; i < THREADS; i++)
		threads.emplace_back(f, i);
	for (auto &t : threads)
		t.join();
}

template <typename M> static long sum(const M &m)
{
	long s = 0;

	for (const auto &entry : m)
		s += entry.second;
	return s;
}

static std::atomic<long> total;

/* Const member functions may run at the same time. */
template <typename M> static void many_readers()
{
	M m;

	for (int i = 0; i < 100; i++)
		m[i] = i;
	in_threads([&m](int i) {
		for (int k = 0; k < ROUNDS; k++)
			total += sum(m) + (m.find(k + i) != m.end()) + (long)m.count(k) + (long)m.size();
	});
}

/* Many readers, or one writer. */
template <typename M> static void readers_and_writers()
{
	std::shared_mutex lock;
	M m;

	in_threads([&](int i) {
		for (int k = 0; k < ROUNDS; k++) {
			if ((k + i) % 4) {
				std::shared_lock<std::shared_mutex> guard(lock);
				total += sum(m);
			} else {
				std::unique_lock<std::shared_mutex> guard(lock);
				m[k] += i;
				if (k % 3 == 0)
					m.erase(k - 1);
				if (k == 40)
					m.clear();
			}
		}
	});
}

/* The last owner destroys the map without its lock: nobody else has it any more. */
template <typename M> struct session {
	std::mutex lock;
	M m;
	void add(int k)
	{
		std::lock_guard<std::mutex> guard(lock);
		m[k]++;
		total += sum(m);
	}
};

template <typename M> static void last_owner_destroys()
{
	for (int round = 0; round < ROUNDS; round++) {
		auto s = std::make_shared<session<M>>();
		std::vector<std::thread> threads;

		for (int i = 0; i < 2; i++)
			threads.emplace_back([s, i]() mutable {
				s->add(i);
				s->add(i + 10);
				s.reset();
			});
		s.reset();
		for (auto &t : threads)
			t.join();
	}
}

/* Each works on copies of its own, and takes over what others leave. */
template <typename M> static void snapshots_and_batches()
{
	std::mutex lock;
	M shared;

	in_threads([&](int i) {
		for (int k = 0; k < ROUNDS; k++) {
			M mine, batch;
			{
				std::lock_guard<std::mutex> guard(lock);
				shared[k] = i;
				mine = shared;
				if (k % 5 == i)
					batch.swap(shared);
			}
			mine[1000 + i] = 1;
			mine.erase(k);
			total += sum(mine) + sum(batch);
			M moved(std::move(mine));
			moved[2000] = 2;
			total += sum(moved);
			batch = std::move(moved);
			batch[3000] = 3;
			total += sum(batch);
		}
	});
}

/* Memory that a pool of the program gives out again, by an atomic exchange that no library call shows. */
template <typename M> static void recycled_memory()
{
	static std::atomic<void *> spare[2];
	alignas(M) static char room[2][sizeof(M)];

	spare[0] = room[0];
	spare[1] = room[1];
	in_threads([](int i) {
		for (int k = 0; k < ROUNDS; k++) {
			void *p = nullptr;

			while (!p)
				p = spare[(i + k) % 2].exchange(nullptr);
			M *m = new (p) M;
			(*m)[1] = 1;
			(*m)[2] = 2;
			(*m)[3] = 3;
			total += sum(*m);
			m->~M();
			for (int slot = (i + k) % 2;; slot = !slot) {
				void *none = nullptr;

				if (spare[slot].compare_exchange_strong(none, p))
					break;
			}
		}
	});
}

/* Nodes that go from map to map, each with its own lock. */
static void travelling_nodes()
{
	std::map<int, int> m[2];
	std::mutex lock[2];

	for (int i = 0; i < 50; i++)
		m[i % 2][i] = i;
	in_threads([&](int i) {
		for (int k = 0; k < ROUNDS; k++) {
			std::map<int, int>::node_type node;
			int from = (i + k) % 2;
			{
				std::lock_guard<std::mutex> guard(lock[from]);
				if (!m[from].empty())
					node = m[from].extract(m[from].begin());
				total += sum(m[from]);
			}
			std::lock_guard<std::mutex> guard(lock[!from]);
			m[!from].insert(std::move(node));
			total += sum(m[!from]);
		}
	});
}

/* An iterator that is kept from one locked section to the next one. */
static void resumed_walk()
{
	std::map<int, int> m;
	std::mutex lock;
	std::atomic<bool> stop(false);

	for (int i = 0; i < 100; i++)
		m[i] = i;
	auto at = m.begin();
	std::thread adds([&] {
		for (int i = 100; !stop; i++) {
			std::lock_guard<std::mutex> guard(lock);
			m[i % 200 + 100] = i;
		}
	});
	for (int i = 0; i < 90; i++) {
		std::lock_guard<std::mutex> guard(lock);
		++at;
		total += at->second;
	}
	stop = true;
	adds.join();
}

/* Still there, and asleep, when main returns and the destructors of statics run. */
static std::map<int, std::string> at_exit;
static std::mutex at_exit_lock;
static std::set<int> seen_at_exit;

static void *sleeps_for_ever(void *)
{
	static pthread_mutex_t never = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t ever = PTHREAD_COND_INITIALIZER;

	{
		std::lock_guard<std::mutex> guard(at_exit_lock);
		at_exit[1] = "one";
		at_exit[2] = "two";
		seen_at_exit.insert(1);
	}
	pthread_mutex_lock(&never);
	for (;;)
		pthread_cond_wait(&ever, &never);
}

int main()
{
	using tree = std::map<int, int>;
	using hash = std::unordered_map<int, int>;
	pthread_t detached;

	many_readers<tree>();
	many_readers<hash>();
	readers_and_writers<tree>();
	readers_and_writers<hash>();
	last_owner_destroys<tree>();
	last_owner_destroys<hash>();
	snapshots_and_batches<tree>();
	snapshots_and_batches<hash>();
	recycled_memory<tree>();
	recycled_memory<hash>();
	travelling_nodes();
	resumed_walk();
	if (pthread_create(&detached, nullptr, sleeps_for_ever, nullptr) == 0) {
		for (size_t n = 0; n < 2;) {
			std::lock_guard<std::mutex> guard(at_exit_lock);
			n = at_exit.size();
		}
	}
	return 0;
}
