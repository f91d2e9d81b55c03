/* CORPUS label=racy family=json_c primitive=cond atomics=none repeats=no twin=fam_jsonc_config_clean cause=publication */
/* SPDX-License-Identifier: MIT */
/* BUILD: json-c */
/*
 * A service gets its configuration as a JSON object from the thread that reads it.
 * The reader announces the object, then adds the section of overrides.
 */
#include <json.h>
#include <pthread.h>
#include <stdio.h>

static struct json_object *config;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t announced = PTHREAD_COND_INITIALIZER;

static void announce(struct json_object *object)
{
	pthread_mutex_lock(&lock);
	config = object;
	pthread_cond_broadcast(&announced);
	pthread_mutex_unlock(&lock);
}

static void *read_config(void *text)
{
	struct json_object *object = json_tokener_parse(text);

	announce(object);
	json_object_object_add(object, "overrides", json_object_new_object());
	return NULL;
}

int main(void)
{
	static char text[] = "{\"port\": 8080, \"host\": \"localhost\", \"workers\": 4, \"log\": false}";
	struct json_object *port = NULL;
	pthread_t reader;

	pthread_create(&reader, NULL, read_config, text);
	pthread_mutex_lock(&lock);
	while (!config)
		pthread_cond_wait(&announced, &lock);
	pthread_mutex_unlock(&lock);
	json_object_object_get_ex(config, "port", &port);
	printf("port %d\n", json_object_get_int(port));
	pthread_join(reader, NULL);
	json_object_put(config);
	return 0;
}
