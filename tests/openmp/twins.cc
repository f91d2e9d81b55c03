/* SPDX-License-Identifier: MIT */
/* twins.cc - every order that OpenMP makes between threads: regions, barriers, loops, partial results. See omp_twins.h.
 * FOR_LIBOMP: by gcc, without what libomp does not have under libgomp's names. */
#include "omp_twins.h"

extern std::map<int, int> of_thread;
#pragma omp threadprivate(of_thread)
std::map<int, int> of_thread;

namespace
{
void fork_join()
{
	gate_open(&turn);
	put(1);
#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 1) {
		gate_wait(&turn, 1);
		put(2);
		gate_open(&turn);
	} else if (racy) {
		gate_wait(&turn, 2);
		put(3);
	}
	put(4);
}

void barrier()
{
#pragma omp parallel num_threads(2)
	{
		if (omp_get_thread_num() == 0) {
			put(1);
			gate_open(&turn);
		} else if (racy) {
			gate_wait(&turn, 1);
			put(2);
		}
#pragma omp barrier
		if (omp_get_thread_num() == 1)
			put(3);
	}
}

void ordered()
{
#pragma omp parallel for ordered schedule(static, 1) num_threads(2)
	for (int i = 0; i < 2; i++) {
		if (racy) {
			if (i == 1)
				gate_wait(&turn, 1);
			put(i);
			if (i == 0)
				gate_open(&turn);
		}
#pragma omp ordered
		if (!racy)
			put(i);
	}
}

void single()
{
#pragma omp parallel num_threads(2)
	{
		int who = 0;

#pragma omp single copyprivate(who)
		{
			put(1);
			who = 1 + omp_get_thread_num();
		}
		race();
		if (who != 1 + omp_get_thread_num())
			put(3);
	}
}

/* One round or section for each of two threads, since both wait for the other; thread 1 has work between fork and join. */
void one_each()
{
	if (omp_get_thread_num() == 0) {
		gate_open(&here);
		gate_wait(&turn, 1);
		if (racy)
			put(2);
	} else {
		gate_wait(&here, 1);
		put(1);
		gate_open(&turn);
	}
}

void sections()
{
#pragma omp parallel num_threads(2)
	{
#pragma omp sections
		{
#pragma omp section
			one_each();
#pragma omp section
			one_each();
		}
#pragma omp master
		put(3);
	}
}

/* The barrier at the end of a loop, of the forms that the run time hands out. */
#define LOOP(name, how)                                                                                                \
	void name()                                                                                                    \
	{                                                                                                              \
		auto late = [] {                                                                                       \
			if (omp_get_thread_num() == 1)                                                                 \
				put(5);                                                                                \
		};                                                                                                     \
		_Pragma("omp parallel num_threads(2)")                                                                 \
		{                                                                                                      \
			if (omp_get_thread_num() == 0) {                                                               \
				put(1);                                                                                \
				gate_open(&turn);                                                                      \
			} else {                                                                                       \
				gate_wait(&turn, 1);                                                                   \
				if (racy)                                                                              \
					put(2);                                                                        \
			}                                                                                              \
			_Pragma(how) for (int i = 0; i < 8; i++) __asm__ volatile("" ::: "memory");                    \
			late();                                                                                        \
		}                                                                                                      \
	}
LOOP(loop_static, "omp for schedule(static)")
LOOP(loop_dynamic, "omp for schedule(dynamic)")
LOOP(loop_monotonic, "omp for schedule(monotonic : dynamic)")
LOOP(loop_guided, "omp for schedule(guided)")
LOOP(loop_runtime, "omp for schedule(runtime)")
LOOP(loop_ordered, "omp for ordered schedule(dynamic)")

void loop_nowait()
{
#pragma omp parallel num_threads(2)
	{
#pragma omp for schedule(dynamic, 1) nowait
		for (int i = 0; i < 2; i++) {
			if (i == 0)
				put(1);
		}
		race();
#pragma omp barrier
#pragma omp master
		put(4);
	}
}

/* A region that is a loop. */
#define REGION(name, how)                                                                                              \
	void name()                                                                                                    \
	{                                                                                                              \
		put(3);                                                                                                \
		_Pragma(how) for (int i = 0; i < 2; i++) one_each();                                                   \
		put(4);                                                                                                \
	}
REGION(for_static, "omp parallel for num_threads(2) schedule(static)")
REGION(for_dynamic, "omp parallel for num_threads(2) schedule(dynamic)")
REGION(for_monotonic, "omp parallel for num_threads(2) schedule(monotonic : dynamic)")
REGION(for_guided, "omp parallel for num_threads(2) schedule(guided)")
REGION(for_monotonic_guided, "omp parallel for num_threads(2) schedule(monotonic : guided)")
REGION(for_runtime, "omp parallel for num_threads(2) schedule(runtime)")
REGION(for_monotonic_runtime, "omp parallel for num_threads(2) schedule(monotonic : runtime)")
REGION(for_nonmonotonic_runtime, "omp parallel for num_threads(2) schedule(nonmonotonic : runtime)")

void parallel_sections()
{
	put(3);
#pragma omp parallel sections num_threads(2)
	{
#pragma omp section
		one_each();
#pragma omp section
		one_each();
	}
	put(4);
}

/* More variables than go into registers. */
void many_variables()
{
	int a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9;

	put(1);
#pragma omp parallel num_threads(2) shared(a, b, c, d, e, f, g, h, i)
	if (omp_get_thread_num() == 1) {
		if (a + b + c + d + e + f + g + h + i != 45)
			puts("wrong variables");
		put(2);
		gate_open(&turn);
	} else {
		gate_wait(&turn, 1);
		if (racy)
			put(3);
	}
	put(4);
}

/* The inner region's threads are ordered after its opener's work, and it after theirs. */
void nested()
{
	omp_set_max_active_levels(2);
#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 1) {
		put(1);
		for (int round = 0; round < 2; round++) {
#pragma omp parallel num_threads(2)
			if (omp_get_thread_num() == 1) {
				put(10 + round);
				gate_open(&turn);
			} else {
				gate_wait(&turn, round + 1);
				if (racy)
					put(20 + round);
			}
			put(30 + round);
		}
	}
	put(4);
}

void cancel_barrier()
{
#pragma omp parallel num_threads(2)
	{
		if (omp_get_thread_num() == 0) {
			put(1);
			gate_open(&turn);
		} else {
			gate_wait(&turn, 1);
			if (racy)
				put(2);
		}
#pragma omp barrier
		if (omp_get_thread_num() == 1)
			put(3);
#pragma omp cancel parallel if (end.count)
	}
}

void cancel_loop()
{
#pragma omp parallel num_threads(2)
	{
		if (omp_get_thread_num() == 0) {
			put(1);
			gate_open(&turn);
		} else {
			gate_wait(&turn, 1);
			if (racy)
				put(2);
		}
#pragma omp for schedule(dynamic)
		for (int i = 0; i < 4; i++) {
#pragma omp cancel for
		}
		if (omp_get_thread_num() == 1)
			put(3);
#pragma omp cancel parallel if (end.count)
	}
}

void cancel_sections()
{
#pragma omp parallel num_threads(2)
	{
		if (omp_get_thread_num() == 0) {
			put(1);
			gate_open(&turn);
		} else {
			gate_wait(&turn, 1);
			if (racy)
				put(2);
		}
#pragma omp sections
		{
#pragma omp section
			{
#pragma omp cancel sections
			}
#pragma omp section
			__asm__ volatile("" ::: "memory");
		}
		if (omp_get_thread_num() == 1)
			put(3);
#pragma omp cancel parallel if (end.count)
	}
}

void cancel_parallel()
{
#pragma omp parallel num_threads(2)
	{
		in_turn([] { put(1); },
			[] {
				if (racy)
					put(2);
			});
#pragma omp cancel parallel
#pragma omp cancellation point parallel
	}
	put(3);
}

/* A map that is made by each thread and joined at the end. */
void join_maps(std::map<int, int> &to, const std::map<int, int> &from)
{
	to.insert(from.begin(), from.end());
	if (omp_get_thread_num() == 1)
		gate_open(&here);
}
#pragma omp declare reduction(join : std::map<int, int> : join_maps(omp_out, omp_in))

void reduction()
{
	std::map<int, int> all;

	put_into(all, 1000);
#pragma omp parallel num_threads(2) reduction(join : all)
	{
		put_into(all, 1 + omp_get_thread_num());
		race();
	}
	put_into(all, 2000);
	if (all.size() != 4)
		puts("a wrong map");
}

/* The same with a barrier behind. `last`: thread 0 joins its part after thread 1. */
void reduce_loop(bool last)
{
	std::map<int, int> all;

#pragma omp parallel num_threads(2)
	{
		race();
#pragma omp for schedule(static) reduction(join : all)
		for (int i = 0; i < 8; i++) {
			put_into(all, i);
			if (i == 0 && last)
				gate_wait(&here, 1);
		}
		if (omp_get_thread_num() == 1)
			put_into(all, 2000);
	}
	if (all.size() != 9)
		puts("a wrong map");
}
void reduction_loop()
{
	reduce_loop(false);
}
void reduction_loop_last()
{
	reduce_loop(true);
}

/* The reduction without a barrier joins under a lock of its own. */
void reduction_nowait()
{
	std::map<int, int> all;

#pragma omp parallel num_threads(2)
	{
#pragma omp for schedule(static) reduction(join : all) nowait
		for (int i = 0; i < 8; i++)
			put_into(all, i);
		race();
	}
	put_into(all, 2000);
	if (all.size() != 9)
		puts("a wrong map");
}

/* The copies are made from the one thread's map, by the others. */
void copyprivate()
{
#pragma omp parallel num_threads(2)
	{
		std::map<int, int> own;

#pragma omp single copyprivate(own)
		put_into(own, 1);
		if (own.size() != 1)
			puts("a wrong map");
		put_into(own, 2);
		race();
	}
}

void copyin()
{
	put_into(of_thread, 1);
#pragma omp parallel num_threads(2) copyin(of_thread)
	{
		put_into(of_thread, 2);
		race();
	}
}

void single_nowait()
{
#pragma omp parallel num_threads(2)
	{
#pragma omp single nowait
		put(1);
		race();
#pragma omp barrier
#pragma omp single
		put(2);
#pragma omp master
		put(3);
	}
}

template <typename number> void across()
{
	volatile number from = 5, to = 7; /* known bounds would make a loop over long of it */
	number first = from, behind = to;

#pragma omp parallel for ordered(1) schedule(static, 1) num_threads(2)
	for (number i = first; i < behind; i++) {
		if (racy && i == 6) {
			gate_wait(&turn, 1);
			put(2);
		}
#pragma omp ordered depend(sink : i - 1)
		put(10 + (int)i);
		if (i == 5)
			gate_open(&turn);
#pragma omp ordered depend(source)
	}
}
void doacross()
{
	across<long>();
}
void doacross_ull()
{
	across<unsigned long long>();
}

/* Five counters: more than pass in registers. */
void doacross_deep()
{
#pragma omp parallel for ordered(7) schedule(static, 1) num_threads(2)
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 1; j++)
			for (int k = 0; k < 1; k++)
				for (int l = 0; l < 1; l++)
					for (int n = 0; n < 1; n++)
						for (int o = 0; o < 1; o++)
							for (int p = 0; p < 1; p++) {
								if (racy && i == 1) {
									gate_wait(&turn, 1);
									put(2);
								}
#pragma omp ordered depend(sink : i - 1, j, k, l, n, o, p)
								put(10 + i);
								if (i == 0)
									gate_open(&turn);
#pragma omp ordered depend(source)
							}
}

#ifndef FOR_LIBOMP
/* No device here: the host runs it, on the thread that asks. */
void target()
{
	int x = 0;

	put(1);
#pragma omp parallel num_threads(2)
	{
#pragma omp target map(tofrom : x)
#pragma omp atomic
		x++;
		in_turn([] { put(2); },
			[] {
				if (racy)
					put(3);
			});
	}
	put(4);
}
#endif

#ifdef __clang__
/* A flag, with fences that are calls of libomp. */
void flush()
{
	static volatile int flag;

#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
		if (!racy)
			put(1);
#pragma omp flush
		flag = 1;
		if (racy) {
			put(1);
		}
		gate_open(&turn);
	} else {
		while (!flag)
			continue;
		gate_wait(&turn, 1);
#pragma omp flush
		put(2);
	}
}

void teams()
{
	put(1);
#pragma omp teams num_teams(2) thread_limit(1)
	{
		if (omp_get_team_num() == 0) {
			gate_wait(&turn, 1);
			if (racy)
				put(2);
		} else {
			put(3);
			gate_open(&turn);
		}
	}
	put(4);
}
#else
/* What compilers of other times call. */
extern "C" void GOMP_parallel_loop_static(void (*)(void *), void *, unsigned, long, long, long, long, unsigned);
extern "C" void GOMP_loop_end_nowait();

void by_hand_body(void *)
{
	if (omp_get_thread_num() == 1) {
		put(2);
		gate_open(&turn);
	} else {
		gate_wait(&turn, 1);
		if (racy)
			put(3);
	}
	GOMP_loop_end_nowait();
}

void by_hand_static()
{
	put(1);
	GOMP_parallel_loop_static(by_hand_body, nullptr, 2, 0, 2, 1, 1, 0);
	put(4);
}
#endif

const twin twins[] = {
	TWIN(fork_join), TWIN(barrier), TWIN(ordered),
	TWIN(single), TWIN(sections), TWIN(loop_static), TWIN(loop_dynamic), TWIN(loop_monotonic),
	TWIN(loop_guided), TWIN(loop_runtime), TWIN(loop_ordered), TWIN(loop_nowait), TWIN(for_static),
	TWIN(for_dynamic), TWIN(for_monotonic), TWIN(for_guided), TWIN(for_monotonic_guided), TWIN(for_runtime),
	TWIN(for_monotonic_runtime), TWIN(for_nonmonotonic_runtime), TWIN(parallel_sections), TWIN(many_variables),
	TWIN(nested), TWIN(cancel_barrier), TWIN(cancel_loop), TWIN(cancel_sections), TWIN(cancel_parallel),
	TWIN(reduction), TWIN(reduction_loop), TWIN(reduction_loop_last), TWIN(reduction_nowait),
	TWIN(copyprivate), TWIN(copyin), TWIN(single_nowait), TWIN(doacross), TWIN(doacross_ull),
	TWIN(doacross_deep),
#ifndef FOR_LIBOMP
	TWIN(target),
#endif
#ifdef __clang__
	TWIN(flush), TWIN(teams),
#else
	TWIN(by_hand_static),
#endif
};
} // namespace

int main(int argc, char **argv)
{
	return twins_main(argc, argv, twins);
}
