/* CORPUS label=racy family=env primitive=pthread_mutex atomics=none repeats=yes twin=fam_env_timezone_clean cause=forgotten-lock */
/* SPDX-License-Identifier: MIT */
/*
 * A calendar service keeps the user's city in the environment, where scripts expect it; a worker
 * reads it for each entry.
 * Only the change takes city_lock.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t city_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t week;

static void city_set(const char *city)
{
	pthread_mutex_lock(&city_lock);
	setenv("CALENDAR_CITY", city, 1);
	pthread_mutex_unlock(&city_lock);
}

static size_t city_length(void)
{
	const char *city;
	size_t n;

	city = getenv("CALENDAR_CITY");
	n = city ? strlen(city) : 0;
	return n;
}

static void *worker(void *sum)
{
	pthread_barrier_wait(&week);
	for (int entry = 0; entry < 1500; entry++)
		*(size_t *)sum += city_length();
	pthread_barrier_wait(&week);
	return NULL;
}

int main(void)
{
	static const char *const cities[] = { "Lisbon", "Oslo", "Prague" };
	pthread_t thread;
	size_t sum = 0;

	city_set("Rome");
	pthread_barrier_init(&week, NULL, 2);
	pthread_create(&thread, NULL, worker, &sum);
	pthread_barrier_wait(&week);
	for (int i = 0; i < 1500; i++)
		city_set(cities[i % 3]);
	pthread_barrier_wait(&week);
	pthread_join(thread, NULL);
	printf("entries %s\n", sum ? "dated" : "empty");
	return 0;
}
