/* CORPUS label=clean family=json_c primitive=pthread_rwlock atomics=none repeats=yes twin=fam_jsonc_status_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: json-c */
/*
 * The state of a heater as a JSON object that two clients print.
 * They print under its write mode.
 */
#include <json.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct json_object *heater;
static pthread_rwlock_t heater_lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t clients, clients_over;

static size_t print_state(void)
{
	size_t n;

	pthread_rwlock_wrlock(&heater_lock);
	n = strlen(json_object_to_json_string_ext(heater, JSON_C_TO_STRING_PLAIN));
	pthread_rwlock_unlock(&heater_lock);
	return n;
}

static void *client(void *sum)
{
	pthread_barrier_wait(&clients);
	for (int i = 0; i < 1000; i++)
		*(size_t *)sum += print_state();
	pthread_barrier_wait(&clients_over);
	return NULL;
}

int main(void)
{
	size_t length, sums[2] = { 0, 0 };
	pthread_t thread;

	heater = json_object_new_object();
	json_object_object_add(heater, "room", json_object_new_string("attic"));
	json_object_object_add(heater, "celsius", json_object_new_int(19));
	json_object_object_add(heater, "on", json_object_new_boolean(1));
	length = print_state();
	pthread_barrier_init(&clients, NULL, 2);
	pthread_barrier_init(&clients_over, NULL, 2);
	pthread_create(&thread, NULL, client, &sums[1]);
	client(&sums[0]);
	pthread_join(thread, NULL);
	printf("%zu bytes at first\n", length);
	json_object_put(heater);
	return 0;
}
