/* SPDX-License-Identifier: MIT */
/* task_twins.cc - every order that the tasks of OpenMP make. See omp_twins.h.
 * FOR_LIBOMP: by gcc, without what libomp does not have under libgomp's names. */
#include "omp_twins.h"

#include <pthread.h>

namespace
{
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

/* Who waits for one dependence only. */
void wait_depend()
{
	int x __attribute__((unused)) = 0;

#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
#pragma omp task depend(out : x)
		{
			put(1);
			gate_open(&turn);
		}
		gate_wait(&turn, 1);
		if (!racy) {
#pragma omp taskwait depend(in : x)
		}
		put(2);
	}
}

/* Two tasks on one address: the second is run at once, by the thread that asks. */
void depend_at_once()
{
	int x __attribute__((unused)) = 0;

#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
#pragma omp task depend(out : x)
		{
			put(1);
			gate_open(&turn);
		}
		gate_wait(&turn, 1);
		if (racy) {
#pragma omp task if (0)
			put(2);
		} else {
#pragma omp task if (0) depend(in : x)
			put(2);
		}
	}
}

/* The second is run later by thread 0, since thread 1 is kept busy by a third. */
void depend_later()
{
	int x __attribute__((unused)) = 0;

#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
#pragma omp task depend(out : x)
		{
			put(1);
			gate_open(&turn);
		}
		gate_wait(&turn, 1);
#pragma omp task
		{
			gate_open(&here);
			gate_wait(&end, 1);
		}
		gate_wait(&here, 1);
		if (racy) {
#pragma omp task
			{
				put(2);
				gate_open(&end);
			}
		} else {
#pragma omp task depend(inout : x)
			{
				put(2);
				gate_open(&end);
			}
		}
#pragma omp taskwait
	}
}

/* What the task did is known behind a barrier. */
void task_barrier()
{
#pragma omp parallel num_threads(2)
	{
		if (omp_get_thread_num() == 0) {
#pragma omp task
			{
				put(1);
				gate_open(&turn);
			}
			gate_wait(&turn, 1);
			if (racy)
				put(2);
		}
#pragma omp barrier
		if (omp_get_thread_num() == 0)
			put(3);
	}
}

/* And behind the region. */
void task_join()
{
#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
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

/* A task is ordered after its own spawning, and not after what its parent did then. */
void after_spawning()
{
#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
		put(1);
#pragma omp task
		{
			gate_open(&here);
			gate_wait(&turn, 1);
			if (racy)
				put(2);
		}
		gate_wait(&here, 1);
		put(3);
#pragma omp task
		__asm__ volatile("" ::: "memory");
		gate_open(&turn);
	}
}

/* With a map of its own, made from the parent's. */
void firstprivate()
{
	std::map<int, int> own;

	put_into(own, 1);
#pragma omp parallel num_threads(2) firstprivate(own)
	if (omp_get_thread_num() == 0) {
		put_into(own, 2);
#pragma omp task firstprivate(own)
		{
			if (own.size() != 2)
				puts("a wrong map");
			put_into(own, 3);
			put(1);
			gate_open(&turn);
		}
		gate_wait(&turn, 1);
		put_into(own, 4);
		if (racy)
			put(2);
	}
}

void untied()
{
#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
		put(1);
#pragma omp task untied
		{
			put(2);
#pragma omp taskyield
#pragma omp task
			put(3);
#pragma omp taskwait
			put(4);
			gate_open(&turn);
		}
		gate_wait(&turn, 1);
		if (!racy) {
#pragma omp taskwait
		}
		put(5);
	}
}

/* Run by the thread that spawned it, before it goes on; final and mergeable ones. */
void undeferred()
{
	long big[40] = {1, 2, 3};

#pragma omp parallel num_threads(2)
	{
		if (omp_get_thread_num() == 0) {
			put(1);
#pragma omp task if (0) firstprivate(big)
			put(1 + (int)big[0]);
#pragma omp task if (0) final(1) mergeable firstprivate(big)
			put(2 + (int)big[0]);
			put(4);
			gate_open(&turn);
		} else {
			gate_wait(&turn, 1);
			if (racy)
				put(5);
		}
#pragma omp barrier
#pragma omp master
		put(6);
	}
}

#ifndef FOR_LIBOMP
std::map<int, int> other;
omp_event_handle_t given_event;

/* Thread 1 fulfils the event of a task that thread 0 waits for. */
void detached()
{
	omp_event_handle_t event = {};

#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
		put(1);
#pragma omp task detach(event)
		{
			put(2);
			given_event = event;
			gate_open(&turn);
		}
#pragma omp taskwait
		gate_wait(&turn, 2);
		put_into(other, 5);
	} else {
		gate_wait(&turn, 1);
		if (!racy)
			put_into(other, 4);
		omp_fulfill_event(given_event);
		if (racy)
			put_into(other, 4);
		gate_open(&turn);
	}
}

/* The same by a thread that OpenMP knows nothing of. */
void *fulfils(void *)
{
	gate_wait(&turn, 1);
	if (!racy)
		put_into(other, 4);
	omp_fulfill_event(given_event);
	if (racy)
		put_into(other, 4);
	gate_open(&here);
	return nullptr;
}

#ifdef __clang__
/* The region's end waits for it. libgomp 12 hangs there now and then, also without librace. */
void detached_region()
{
	pthread_t elsewhere;

	pthread_create(&elsewhere, nullptr, fulfils, nullptr);
#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
		omp_event_handle_t event = {};
#pragma omp task detach(event)
		{
			given_event = event;
			gate_open(&turn);
		}
	}
	gate_wait(&here, 1);
	put_into(other, 5);
	pthread_join(elsewhere, nullptr);
}
#endif

/* Outside of regions, whoever asks for the task waits for it, or taskwait. */
void detached_outside()
{
	pthread_t elsewhere;
	omp_event_handle_t event = {};

	pthread_create(&elsewhere, nullptr, fulfils, nullptr);
#pragma omp task detach(event)
	{
		given_event = event;
		gate_open(&turn);
	}
#ifdef __clang__
#pragma omp taskwait
#endif
	gate_wait(&here, 1);
	put_into(other, 5);
	pthread_join(elsewhere, nullptr);
}
#endif

/* Many tasks of one loop: big loops are divided by tasks, too. */
void taskloop_many()
{
	static int count;

#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
		put(-1);
#pragma omp taskloop num_tasks(500)
		for (int i = 0; i < 500; i++) {
#pragma omp critical
			{
				put(i);
				count++;
			}
		}
		if (racy) {
#pragma omp task
			{
				put(1000);
				gate_open(&turn);
			}
			gate_wait(&turn, 1);
		}
		put(2000);
	}
	if (count != 500)
		puts("a wrong count");
}

/* A map whose copies are made by calls. */
struct table {
	std::map<int, int> map;
	table() = default;
	table(const table &other)
	{
		for (const auto &pair : other.map)
			put_into(map, pair.first);
	}
};

/*
 * Each task of the loop gets a copy, which any thread makes and any other uses. Thread 1 begins one task and waits in it until thread 0
 * has run all others: so libomp, which divides the loop, has thread 1 make copies, and thread 0 uses them, in every run.
 */
void taskloop_firstprivate()
{
	enum { TASKS = 30 };
	table own;
	static int count;

#pragma omp parallel num_threads(2) firstprivate(own)
	if (omp_get_thread_num() == 0) {
		put_into(own.map, -1);
#pragma omp taskloop num_tasks(TASKS) firstprivate(own)
		for (int i = 0; i < TASKS; i++) {
			int done;

			if (omp_get_thread_num() == 1) {
				gate_open(&here);
				gate_wait(&end, 1);
			} else {
				gate_wait(&here, 1);
			}
			if (own.map.size() != 1)
				puts("a wrong map");
			put_into(own.map, i);
#pragma omp atomic capture
			done = ++count;
			if (done == TASKS - 1)
				gate_open(&end);
		}
		put_into(own.map, -2);
		if (racy) {
#pragma omp task
			{
				put(1000);
				gate_open(&turn);
			}
			gate_wait(&turn, 1);
			put(1001);
		}
	}
	if (count != TASKS)
		puts("a wrong count");
}

/* Nobody waits for these but the barrier. */
void taskloop_nogroup()
{
	unsigned long long sum = 0;
	int a = 3;

#pragma omp parallel num_threads(2)
	{
		if (omp_get_thread_num() == 0) {
			put(1);
#pragma omp taskloop num_tasks(2) nogroup firstprivate(a)
			for (unsigned long long i = 0; i < 8; i++) {
#pragma omp atomic
				sum += i + (unsigned)a;
				if (i == 7) {
					put(2);
					gate_open(&turn);
				}
			}
			gate_wait(&turn, 1);
			if (racy)
				put(3);
		}
#pragma omp barrier
		if (omp_get_thread_num() == 0)
			put(4);
	}
	if (sum != 28 + 24)
		puts("a wrong sum");
}

void taskloop_ull()
{
	unsigned long long first = ~0ull - 7, sum = 0;

#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
		put(1);
#pragma omp taskloop num_tasks(2)
		for (unsigned long long i = first; i < ~0ull; i++) {
#pragma omp atomic
			sum += i - first;
			if (i != first && i != first + 6)
				continue;
			/* one task each, since both wait for the other */
			if (omp_get_thread_num() == 0) {
				gate_open(&here);
				gate_wait(&turn, 1);
				if (racy)
					put(20);
			} else {
				gate_wait(&here, 1);
				put(30);
				gate_open(&turn);
			}
		}
		put(3);
	}
	if (sum != 21)
		puts("a wrong sum");
}

void join_maps(std::map<int, int> &to, const std::map<int, int> &from)
{
	to.insert(from.begin(), from.end());
}
#pragma omp declare reduction(join : std::map<int, int> : join_maps(omp_out, omp_in))

void task_reduction()
{
	std::map<int, int> all;

#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
#pragma omp taskgroup task_reduction(join : all)
		{
#pragma omp task in_reduction(join : all)
			{
				put_into(all, 1);
				put(1);
				gate_open(&turn);
			}
			gate_wait(&turn, 1);
			if (racy)
				put(2);
#pragma omp task if (0) in_reduction(join : all)
			put_into(all, 2);
		}
		put_into(all, 3);
	}
	if (all.size() != 3)
		puts("a wrong map");
}

/* The result of a whole region's tasks, and of a loop's. */
void region_reduction()
{
	std::map<int, int> all;

	put(1);
#pragma omp parallel num_threads(2) reduction(task, join : all)
	{
		if (!racy && omp_get_thread_num() == 1)
			put(2);
		put_into(all, omp_get_thread_num());
#pragma omp task in_reduction(join : all)
		put_into(all, 10 + omp_get_thread_num());
		race();
	}
	put_into(all, 3);
	put(4);
}

void loop_reduction()
{
	std::map<int, int> all;

#pragma omp parallel num_threads(2)
	{
#pragma omp for reduction(task, join : all)
		for (int i = 0; i < 4; i++) {
#pragma omp task in_reduction(join : all)
			put_into(all, i);
		}
		if (omp_get_thread_num() == 1)
			put_into(all, 5);
		race();
	}
	if (all.size() != 5)
		puts("a wrong map");
}

#ifndef FOR_LIBOMP
/* A task of the host in all but name. */
void target_nowait()
{
	int x __attribute__((unused)) = 0;

#pragma omp parallel num_threads(2)
	if (omp_get_thread_num() == 0) {
		put(1);
#pragma omp target nowait map(tofrom : x)
		{
			put(2);
			gate_open(&turn);
		}
		gate_wait(&turn, 1);
		if (!racy) {
#pragma omp taskwait
		}
		put(3);
	}
}
#endif

const twin twins[] = {
	TWIN(task), TWIN(group), TWIN(taskloop), TWIN(wait_depend), TWIN(depend_at_once), TWIN(depend_later),
	TWIN(task_barrier), TWIN(task_join), TWIN(after_spawning), TWIN(firstprivate), TWIN(untied),
	TWIN(undeferred), TWIN(taskloop_many), TWIN(taskloop_firstprivate), TWIN(taskloop_nogroup),
	TWIN(taskloop_ull), TWIN(task_reduction), TWIN(region_reduction), TWIN(loop_reduction),
#ifndef FOR_LIBOMP
	TWIN(detached), TWIN(detached_outside), TWIN(target_nowait),
#endif
#ifdef __clang__
	TWIN(detached_region),
#endif
};
} // namespace

int main(int argc, char **argv)
{
	return twins_main(argc, argv, twins);
}
