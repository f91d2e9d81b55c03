/* SPDX-License-Identifier: MIT */
/*
 * twins.cc - every order that OpenMP makes between threads: `twins NAME` is correct, `twins NAME racy` does the same without
 * the order, or with the wrong one. Two threads, and a gate (tests/e2e/gate.h) that says who comes first, in both.
 */
#include <map>

#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "../e2e/gate.h"

namespace
{
std::map<int, int> m;
gate turn, here;
bool racy;

/* Always a new key, or nothing is called: looking up is inlined. */
__attribute__((noinline)) void put(int key)
{
	m[key] = key;
	__asm__ volatile("" ::: "memory");
}

/* Thread 0 first, then thread 1. */
template <typename A, typename B> void in_turn(A first, B second)
{
	if (omp_get_thread_num() == 0) {
		first();
		gate_open(&turn);
	} else {
		gate_wait(&turn, 1);
		second();
	}
}

/* A region before ours, so that the pool's threads are not new ones: their creation would order what came before. */
void warm()
{
#pragma omp parallel num_threads(2)
	__asm__ volatile("" ::: "memory");
}

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

void critical()
{
	auto locked = [](int key) {
#pragma omp critical
		put(key);
	};
#pragma omp parallel num_threads(2)
	in_turn([&] { locked(1); }, [&] { racy ? put(2) : locked(2); });
}

void named()
{
	auto one = [](int key) {
#pragma omp critical(one)
		put(key);
	};
	auto two = [](int key) {
#pragma omp critical(two)
		put(key);
	};
#pragma omp parallel num_threads(2)
	in_turn([&] { one(1); }, [&] { racy ? two(2) : one(2); });
}

void lock()
{
	omp_lock_t a, b;

	omp_init_lock(&a);
	omp_init_lock(&b);
	auto put_under = [](omp_lock_t *l, int key) {
		omp_set_lock(l);
		put(key);
		omp_unset_lock(l);
	};
#pragma omp parallel num_threads(2)
	in_turn([&] { put_under(&a, 1); }, [&] { put_under(racy ? &b : &a, 2); });
	omp_destroy_lock(&a);
	omp_destroy_lock(&b);
}

void nest_lock()
{
	omp_nest_lock_t a;

	omp_init_nest_lock(&a);
	auto put_under = [&](int key) {
		omp_set_nest_lock(&a);
		omp_test_nest_lock(&a);
		put(key);
		omp_unset_nest_lock(&a);
		put(key + 1);
		omp_unset_nest_lock(&a);
	};
#pragma omp parallel num_threads(2)
	in_turn([&] { put_under(1); }, [&] { racy ? put(5) : put_under(5); });
	omp_destroy_nest_lock(&a);
}

/* Thread 0 asks for the task, thread 1 runs it. */
void task()
{
#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
		int key = 7;

		put(1);
#pragma omp task firstprivate(key)
		{
			put(key);
			gate_open(&turn);
		}
		gate_wait(&turn, 1);
		if (!racy) {
#pragma omp taskwait
		}
		put(2);
	}
}

void group()
{
#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
#pragma omp taskgroup
		{
#pragma omp task
			{
				put(1);
				gate_open(&turn);
			}
			gate_wait(&turn, 1);
			if (racy)
				put(2);
		}
		put(3);
	}
}

void taskloop()
{
	long sum = 0;

#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
		put(1);
#pragma omp taskloop num_tasks(4) reduction(+ : sum)
		for (int i = 0; i < 40; i++) {
			sum += i;
			if (i == 39) {
				if (racy)
					gate_wait(&here, 1);
				put(i);
				gate_open(&turn);
			} else if (i == 0 && racy) {
				gate_open(&here);
				gate_wait(&turn, 1);
				put(i);
			}
		}
		put(3);
	}
	if (sum != 780)
		puts("a wrong sum");
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
		if (racy)
			put(10 + omp_get_thread_num());
		else if (who != 1 + omp_get_thread_num())
			put(3);
	}
}

void sections()
{
#pragma omp parallel num_threads(2)
	{
#pragma omp sections
		{
#pragma omp section
			{
				gate_wait(&here, 1);
				put(1);
				gate_open(&turn);
			}
#pragma omp section
			{
				gate_open(&here);
				gate_wait(&turn, 1);
				if (racy)
					put(2);
			}
		}
#pragma omp master
		put(3);
	}
}

const struct twin {
	const char *name;
	void (*run)();
} twins[] = {
	{"fork_join", fork_join}, {"barrier", barrier},     {"critical", critical}, {"named", named},
	{"lock", lock},           {"nest_lock", nest_lock}, {"task", task},         {"group", group},
	{"taskloop", taskloop},   {"ordered", ordered},     {"single", single},     {"sections", sections},
};
} // namespace

int main(int argc, char **argv)
{
	racy = argc > 2;
	for (const twin &t : twins) {
		if (argc < 2) {
			puts(t.name);
		} else if (!strcmp(argv[1], t.name)) {
			warm();
			t.run();
			printf("done\n");
		}
	}
	return 0;
}
