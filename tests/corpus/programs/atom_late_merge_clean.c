/* CORPUS label=clean family=json_c primitive=atomic_counter atomics=own repeats=no twin=atom_late_merge_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: json-c */
/*
 * Two probes add their findings to one report in turn; a ticket says whose turn it is. Main prints the report when
 * the ticket shows that both are through.
 * The first probe adds everything before it passes the ticket on.
 */
#include <json-c/json.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

static struct json_object *report;
static atomic_int ticket;

static void await(int mine)
{
	while (atomic_load_explicit(&ticket, memory_order_acquire) != mine)
		sched_yield();
}

static void pass_on(void)
{
	atomic_fetch_add_explicit(&ticket, 1, memory_order_release);
}

static void *first_probe(void *arg)
{
	await(0);
	json_object_object_add(report, "disk", json_object_new_string("ok"));
	json_object_object_add(report, "fan", json_object_new_string("slow"));
	pass_on();
	return arg;
}

static void *second_probe(void *arg)
{
	await(1);
	sched_yield();
	if (json_object_object_get(report, "disk"))
		json_object_object_add(report, "memory", json_object_new_string("ok"));
	pass_on();
	return arg;
}

int main(void)
{
	pthread_t threads[2];

	report = json_object_new_object();
	pthread_create(&threads[0], NULL, second_probe, NULL);
	pthread_create(&threads[1], NULL, first_probe, NULL);
	await(2);
	printf("disk: %s\n", json_object_get_string(json_object_object_get(report, "disk")));
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	json_object_put(report);
	return 0;
}
