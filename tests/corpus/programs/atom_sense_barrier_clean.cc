/* CORPUS label=clean family=std_map primitive=atomic_barrier atomics=own repeats=yes twin=atom_sense_barrier_racy */
/* SPDX-License-Identifier: MIT */
/*
 * A simulation in steps: one thread moves the particles of a step, then the other one sums them up. A sense-reversing
 * barrier of atomics stands between the phases.
 * The mover adds the late particle before the barrier that ends its phase.
 */
#include <atomic>
#include <cstdio>
#include <map>
#include <thread>

static const int steps = 3000;
static std::map<int, int> particles;
static std::atomic<int> missing{2};
static std::atomic<bool> sense{false};

static void barrier(bool &mine)
{
	mine = !mine;
	if (missing.fetch_sub(1, std::memory_order_acq_rel) == 1) {
		missing.store(2, std::memory_order_relaxed);
		sense.store(mine, std::memory_order_release);
		return;
	}
	for (int spins = 0; sense.load(std::memory_order_acquire) != mine; spins++)
		if (spins > 200)
			std::this_thread::yield();
}

static void mover()
{
	bool mine = false;

	for (int step = 0; step < steps; step++) {
		for (int i = 0; i < 8; i++)
			particles.insert_or_assign(1000 + i, step + i);
		particles.emplace(2000 + step, step);
		barrier(mine);
		barrier(mine);
	}
}

static void summer(long *energy)
{
	bool mine = false;

	for (int step = 0; step < steps; step++) {
		barrier(mine);
		*energy += particles.size() % 2;
		for (auto at = particles.begin(); at != particles.end() && at->first < 1008; ++at)
			*energy += at->second;
		barrier(mine);
	}
}

int main()
{
	long energy = 0;
	std::thread a(mover), b(summer, &energy);

	a.join();
	b.join();
	std::printf("%d steps, %s energy\n", steps, energy > 0 ? "some" : "no");
	return 0;
}
