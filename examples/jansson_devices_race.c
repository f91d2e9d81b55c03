/* SPDX-License-Identifier: MIT */
/* BUILD: jansson */
/*
 * jansson_devices_race.c - a list of devices is saved while the scanner still adds to it.
 *
 *	thread      function         lock       races
 *	scanner     device_found     devices    with the saving
 *	main        devices_save     none       with the insertions
 *	main        device_known     devices    with nobody
 *
 * Counting references is safe in jansson, and reading one object in many threads is. Saving is a reading, too: but not beside a
 * thread that inserts, whose next insertion may move all entries to a larger table.
 *
 * The program holds atomic instructions that jansson's headers put there, and each side acts once only: shown with
 * RACE_OPTIONS=report=possible.
 */
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "turns.h"

static json_t *devices;
static pthread_mutex_t devices_lock = PTHREAD_MUTEX_INITIALIZER;

static void device_found(const char *name, int bus)
{
	pthread_mutex_lock(&devices_lock);
	json_object_set_new(devices, name, json_integer(bus)); /* RACE HERE */
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
	char *text = json_dumps(devices, JSON_COMPACT | JSON_SORT_KEYS); /* RACE HERE */

	puts(text);
	free(text);
}

static void *scanner(void *arg)
{
	static const char *const names[] = { "keyboard", "mouse", "camera", "disk" };

	(void)arg;
	for (int i = 0; i < 4; i++)
		device_found(names[i], i / 2);
	turn_over();
	return NULL;
}

int main(void)
{
	pthread_t thread;

	devices = json_object();
	pthread_create(&thread, NULL, scanner, NULL);
	turn_wait(1);
	devices_save();
	printf("the camera is %s\n", device_known("camera") ? "here" : "not here");
	pthread_join(thread, NULL);
	json_decref(devices);
	return 0;
}
