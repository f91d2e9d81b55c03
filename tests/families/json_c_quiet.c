/* SPDX-License-Identifier: MIT */
/* BUILD: json-c */
/* json_c_quiet.c - threads that use json-c rightly: objects of their own, and one under a lock, references and all. */
#include <json.h>

#include "family.h"

enum { THREADS = 8, ROUNDS = 50 };
static struct json_object *shared;

static void *work(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct json_object *own = json_tokener_parse("{\"a\": {\"b\": [1, {\"c\": 2}]}, \"d\": null}"), *copy = NULL, *mine;
		char name[16];
		size_t seen = 0;

		json_object_deep_copy(own, &copy, NULL);
		seen += (size_t)json_object_equal(own, copy) + strlen(json_object_to_json_string(own));
		json_object_object_foreach (own, key, value)
			seen += strlen(key) + (value != NULL);
		snprintf(name, sizeof name, "n%d", i % 20);
		pthread_mutex_lock(&mutexes[0]);
		mine = json_object_get(shared);
		json_object_object_add(mine, name, json_object_new_int64((int64_t)seen));
		json_object_object_add(mine, "last", copy); /* the one before goes */
		json_object_object_del(mine, i % 2 ? "n3" : "none");
		json_object_put(mine);
		pthread_mutex_unlock(&mutexes[0]);
		json_object_put(own);
	}
	pthread_mutex_lock(&mutexes[0]);
	json_object_put(shared);
	pthread_mutex_unlock(&mutexes[0]);
	return arg;
}

int main(void)
{
	pthread_t threads[THREADS];

	shared = json_object_new_object();
	for (int i = 0; i < THREADS; i++)
		json_object_get(shared);
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_create(&threads[i], NULL, work, NULL));
	pthread_mutex_lock(&mutexes[0]);
	json_object_put(shared);
	pthread_mutex_unlock(&mutexes[0]);
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_join(threads[i], NULL));
	return 0;
}
