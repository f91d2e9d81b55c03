/* SPDX-License-Identifier: MIT */
/*
 * quiet.cc - correct use of what OpenMP has, with as many threads as OMP_NUM_THREADS says, and nested: nothing is to be reported,
 * and the sums are to be right. `quiet ROUNDS`.
 */
#include <map>

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

namespace
{
using table = std::map<int, int>;

table shared_table, of_thread[64];
int failures;

__attribute__((noinline)) void put(table &t, int key)
{
	t[key]++;
	__asm__ volatile("" ::: "memory");
}

void is(const char *what, long got, long expected)
{
	if (got != expected) {
		printf("%s: %ld instead of %ld\n", what, got, expected);
		failures++;
	}
}

void join_tables(table &to, const table &from)
{
	for (const auto &pair : from)
		to[pair.first] += pair.second;
}
#pragma omp declare reduction(join : table : join_tables(omp_out, omp_in))

void loops(int round)
{
	table all;

#pragma omp parallel
	{
#pragma omp for schedule(static, 3)
		for (int i = 0; i < 60; i++) {
#pragma omp critical(one)
			put(shared_table, i);
		}
#pragma omp for schedule(dynamic, 2) ordered
		for (int i = 0; i < 40; i++) {
#pragma omp ordered
			put(shared_table, 100 + i);
		}
#pragma omp for schedule(guided) reduction(join : all)
		for (int i = 0; i < 50; i++)
			put(all, i);
#pragma omp single
		put(shared_table, 1000 + round);
#pragma omp sections
		{
#pragma omp section
			put(of_thread[0], round);
#pragma omp section
			put(of_thread[1], round);
		}
#pragma omp master
		put(of_thread[0], -round);
#pragma omp barrier
#pragma omp for schedule(runtime) nowait
		for (int i = 0; i < 8; i++)
			put(of_thread[omp_get_thread_num() + 2], i);
	}
	is("reduction", (long)all.size(), 50);
#pragma omp parallel for reduction(join : all)
	for (int i = 0; i < 50; i++)
		put(all, 100 + i);
	is("second reduction", (long)all.size(), 100);
	for (table &t : of_thread)
		t.clear();
}

long fib(int n, table &found)
{
	long a, b;

	if (n < 2)
		return n;
	table left, right;
#pragma omp task shared(a, left) firstprivate(n) if (n > 4)
	a = fib(n - 1, left);
#pragma omp task shared(b, right) firstprivate(n)
	b = fib(n - 2, right);
#pragma omp taskwait
	join_tables(found, left);
	join_tables(found, right);
	put(found, n);
	return a + b;
}

void tasks()
{
	table found, chain[4];
	long result = 0, sum = 0;
	int step[4] __attribute__((unused)) = {};

#pragma omp parallel
#pragma omp single
	{
		result = fib(11, found);
		for (int i = 0; i < 40; i++) {
			int at = i % 4;
#pragma omp task depend(inout : step[at]) firstprivate(i, at) shared(chain)
			put(chain[at], i);
		}
#pragma omp taskgroup
		{
			for (int i = 0; i < 4; i++) {
#pragma omp task depend(in : step[i]) firstprivate(i) shared(chain, sum)
				{
#pragma omp critical
					sum += (long)chain[i].size();
				}
			}
		}
#pragma omp taskloop grainsize(3) firstprivate(found)
		for (int i = 0; i < 30; i++)
			put(found, -i);
	}
	is("fib", result, 89);
	is("found", (long)found.size(), 10);
	is("chains", sum, 40);
}

void locks()
{
	static omp_lock_t lock;
	static omp_nest_lock_t nest;
	table one, two;

	omp_init_lock(&lock);
	omp_init_nest_lock(&nest);
#pragma omp parallel for schedule(dynamic)
	for (int i = 0; i < 40; i++) {
		if (i % 3) {
			omp_set_lock(&lock);
		} else {
			while (!omp_test_lock(&lock))
				continue;
		}
		put(one, i);
		omp_unset_lock(&lock);
		omp_set_nest_lock(&nest);
		omp_set_nest_lock(&nest);
		put(two, i);
		omp_unset_nest_lock(&nest);
		put(two, -i);
		omp_unset_nest_lock(&nest);
	}
	omp_destroy_lock(&lock);
	omp_destroy_nest_lock(&nest);
	is("locks", (long)(one.size() + two.size()), 40 + 79);
}

void nested()
{
	table outer[8];

	omp_set_max_active_levels(2);
#pragma omp parallel num_threads(2)
	{
		table &mine = outer[omp_get_thread_num()];
		table all;

		put(mine, 1);
#pragma omp parallel num_threads(2) reduction(join : all)
		{
			put(all, omp_get_thread_num());
#pragma omp critical
			put(shared_table, omp_get_thread_num());
#pragma omp barrier
#pragma omp single
			put(mine, 2);
		}
		put(mine, 3);
		put(mine, 4 + (int)all.size());
	}
	is("nested", (long)outer[0].size(), 4);
}

void copies()
{
	int sum = 0;

#pragma omp parallel reduction(+ : sum)
	{
		table own;

#pragma omp single copyprivate(own)
		{
			put(own, 1);
			put(own, 2);
		}
		put(own, 3);
		sum += (int)own.size();
#pragma omp barrier
	}
	is("copies", sum % 3, 0);
}
} // namespace

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1;

	for (int i = 0; i < rounds; i++) {
		loops(i);
		tasks();
		locks();
		nested();
		copies();
	}
	puts("done");
	return failures != 0;
}
