/* SPDX-License-Identifier: MIT */
/* BUILD: jansson */
/*
 * jansson_quiet.c - threads that use jansson rightly: objects of their own, one that all only read and that each owns a
 * reference of, and one under a lock. Whoever drops the last reference destroys, without any lock: the count is atomic.
 */
#include <jansson.h>

#include "family.h"

enum { THREADS = 8, ROUNDS = 50 };
static json_t *configuration, *counters;

static void *work(void *arg)
{
	size_t seen = 0;

	for (int i = 0; i < ROUNDS; i++) {
		json_t *own = json_loads("{\"a\": {\"b\": [1, {\"c\": 2}]}, \"d\": null}", 0, NULL), *copy;
		char name[16], *text;
		const char *key;
		json_t *value;

		json_object_set(own, "configuration", configuration);
		copy = json_deep_copy(own);
		seen += (size_t)json_equal(own, copy) + json_object_size(configuration);
		json_object_foreach (configuration, key, value)
			seen += strlen(key) + json_is_object(value);
		text = json_dumps(configuration, JSON_SORT_KEYS);
		free(text);
		snprintf(name, sizeof name, "n%d", i % 20);
		pthread_mutex_lock(&mutexes[0]);
		json_object_set_new(counters, name, json_integer((json_int_t)seen));
		json_object_set(counters, "last", configuration);
		pthread_mutex_unlock(&mutexes[0]);
		json_decref(copy);
		json_decref(own);
	}
	json_decref(configuration);
	return arg;
}

int main(void)
{
	pthread_t threads[THREADS];

	configuration = json_pack("{s:{s:i,s:s},s:b}", "limits", "users", 10, "mode", "slow", "debug", 0);
	counters = json_object();
	for (int i = 0; i < THREADS; i++)
		json_incref(configuration);
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_create(&threads[i], NULL, work, NULL));
	json_decref(configuration);
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_join(threads[i], NULL));
	json_decref(counters);
	return 0;
}
