/* CORPUS label=clean family=json_c primitive=mixed atomics=own repeats=yes twin=atom_atomic_pool_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: json-c */
/*
 * A pool of two threads without any lock: tasks are handed out by a counter, each has a state word. Main collects the
 * finished tasks in order, and sleeps a little when the next one is not finished.
 * A worker adds the elapsed time to the answer and then marks its task as finished.
 */
#include <json-c/json.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { TASKS = 800 };

static struct task {
	struct json_object *answer;
	atomic_int finished;
} tasks[TASKS];
static atomic_int next_task;

static void work(struct task *task, int number)
{
	volatile unsigned long effort = 0;

	for (int i = 0; i < 20000; i++)
		effort += i;
	task->answer = json_object_new_object();
	json_object_object_add(task->answer, "number", json_object_new_int(number));
	json_object_object_add(task->answer, "elapsed", json_object_new_int(20));
	atomic_store_explicit(&task->finished, 1, memory_order_release);
}

static void *worker(void *arg)
{
	int number;

	while ((number = atomic_fetch_add_explicit(&next_task, 1, memory_order_relaxed)) < TASKS)
		work(&tasks[number], number);
	return arg;
}

int main(void)
{
	pthread_t threads[2];
	int sum = 0;

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, worker, NULL);
	for (int i = 0; i < TASKS; i++) {
		while (!atomic_load_explicit(&tasks[i].finished, memory_order_acquire))
			usleep(20);
		sum += json_object_get_int(json_object_object_get(tasks[i].answer, "number")) % 2;
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < TASKS; i++)
		json_object_put(tasks[i].answer);
	printf("%d odd answers\n", sum);
	return 0;
}
