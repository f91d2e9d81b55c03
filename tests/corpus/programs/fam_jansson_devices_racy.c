/* CORPUS label=racy family=jansson primitive=pthread_mutex atomics=none repeats=yes twin=fam_jansson_devices_clean cause=forgotten-lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: jansson */
/*
 * Devices of a house as a JSON object: one thread notes which were heard of, the other one asks for
 * those of the kitchen.
 * Only noting takes the lock.
 */
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>

static json_t *devices;
static pthread_mutex_t devices_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t evening, evening_over;

static void note(int device)
{
	char name[24];

	snprintf(name, sizeof name, "lamp-%d", device);
	pthread_mutex_lock(&devices_lock);
	json_object_set_new(devices, name, json_true());
	pthread_mutex_unlock(&devices_lock);
}

static int is_there(const char *name)
{
	json_t *device;

	device = json_object_get(devices, name);
	return device != NULL;
}

static void *listen_to_radio(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&evening);
	for (int i = 0; i < 1000; i++)
		note(i % 40);
	pthread_barrier_wait(&evening_over);
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int there = 0;

	devices = json_object();
	json_object_set_new(devices, "kettle", json_true());
	json_object_set_new(devices, "oven", json_false());
	for (int i = 0; i < 40; i++)
		note(i);
	pthread_barrier_init(&evening, NULL, 2);
	pthread_barrier_init(&evening_over, NULL, 2);
	pthread_create(&thread, NULL, listen_to_radio, NULL);
	pthread_barrier_wait(&evening);
	for (int i = 0; i < 1000; i++)
		there += is_there(i & 1 ? "kettle" : "oven");
	pthread_barrier_wait(&evening_over);
	pthread_join(thread, NULL);
	printf("kitchen %s\n", there ? "answers" : "silent");
	json_delete(devices);
	return 0;
}
