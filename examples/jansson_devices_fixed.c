/* SPDX-License-Identifier: MIT */
/* BUILD: jansson */
/* jansson_devices_fixed.c - the same list: a copy is made under the lock, and saved without it. */
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *devices;
static pthread_mutex_t devices_lock = PTHREAD_MUTEX_INITIALIZER;

static void device_found(const char *name, int bus)
{
	pthread_mutex_lock(&devices_lock);
	json_object_set_new(devices, name, json_integer(bus));
	pthread_mutex_unlock(&devices_lock);
}

static int device_known(const char *name)
{
	int known;

	pthread_mutex_lock(&devices_lock);
	known = json_object_get(devices, name) != NULL;
	pthread_mutex_unlock(&devices_lock);
	return known;
}

static void devices_save(void)
{
	json_t *copy;
	char *text;

	pthread_mutex_lock(&devices_lock);
	copy = json_deep_copy(devices);
	pthread_mutex_unlock(&devices_lock);
	text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
	puts(text);
	free(text);
	json_decref(copy);
}

static void *scanner(void *arg)
{
	static const char *const names[] = { "keyboard", "mouse", "camera", "disk" };

	(void)arg;
	for (int i = 0; i < 4; i++)
		device_found(names[i], i / 2);
	return NULL;
}

int main(void)
{
	pthread_t thread;

	devices = json_object();
	pthread_create(&thread, NULL, scanner, NULL);
	devices_save();
	printf("the camera is %s\n", device_known("camera") ? "here" : "not here");
	pthread_join(thread, NULL);
	json_decref(devices);
	return 0;
}
