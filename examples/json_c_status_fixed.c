/* SPDX-License-Identifier: MIT */
/* BUILD: json-c */
/* json_c_status_fixed.c - the same status object: whoever prints it holds the lock in write mode, since printing writes. */
#include <json.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct json_object *status;
static pthread_rwlock_t status_lock = PTHREAD_RWLOCK_INITIALIZER;

static void status_set(const char *name, int value)
{
	pthread_rwlock_wrlock(&status_lock);
	json_object_object_add(status, name, json_object_new_int(value));
	pthread_rwlock_unlock(&status_lock);
}

static void status_text(char *to, size_t n)
{
	pthread_rwlock_wrlock(&status_lock);
	snprintf(to, n, "%s", json_object_to_json_string(status));
	pthread_rwlock_unlock(&status_lock);
}

static void *sampler(void *arg)
{
	(void)arg;
	status_set("load", 3);
	status_set("clients", 41);
	return NULL;
}

static void *http(void *arg)
{
	char text[100];

	(void)arg;
	status_text(text, sizeof text);
	return NULL;
}

int main(void)
{
	pthread_t thread;
	char text[100];

	status = json_object_new_object();
	pthread_create(&thread, NULL, sampler, NULL);
	pthread_join(thread, NULL);
	pthread_create(&thread, NULL, http, NULL);
	status_text(text, sizeof text);
	puts(text);
	pthread_join(thread, NULL);
	json_object_put(status);
	return 0;
}
