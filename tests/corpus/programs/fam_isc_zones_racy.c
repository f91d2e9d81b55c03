/* CORPUS label=racy family=isc_ht primitive=pthread_mutex atomics=none repeats=yes twin=fam_isc_zones_clean cause=forgotten-lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: -D__GNUC_ATOMICS -DHAVE_UCHAR_H=1 -lisc */
/*
 * Zones of a name server in BIND's hash table: transfers drop and add them again, queries look for others.
 * Queries take no lock.
 */
#include <isc/ht.h>
#include <isc/mem.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static isc_ht_t *zones;
static pthread_mutex_t zones_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t traffic;
static int serials[16];

static void zone_add(const char *name, int *serial)
{
	pthread_mutex_lock(&zones_lock);
	isc_ht_add(zones, (const unsigned char *)name, (uint32_t)strlen(name), serial);
	pthread_mutex_unlock(&zones_lock);
}

static int zone_find(const char *name)
{
	void *serial = NULL;

	isc_ht_find(zones, (const unsigned char *)name, (uint32_t)strlen(name), &serial);
	return serial != NULL;
}

static void *transfer(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&traffic);
	for (int i = 0; i < 1000; i++)
		zone_add("moved.example", &serials[i % 16]);
	pthread_barrier_wait(&traffic);
	return NULL;
}

int main(void)
{
	static const char *const names[] = { "example.com", "example.net", "example.org", "moved.example" };
	isc_mem_t *memory = NULL;
	pthread_t thread;
	int found = 0;

	isc_mem_create(&memory);
	isc_ht_init(&zones, memory, 6, ISC_HT_CASE_SENSITIVE);
	for (int i = 0; i < 4; i++)
		zone_add(names[i], &serials[i]);
	pthread_barrier_init(&traffic, NULL, 2);
	pthread_create(&thread, NULL, transfer, NULL);
	pthread_barrier_wait(&traffic);
	for (int i = 0; i < 1000; i++)
		found += zone_find(names[i % 3]);
	pthread_barrier_wait(&traffic);
	pthread_join(thread, NULL);
	printf("answers %s\n", found ? "given" : "refused");
	isc_ht_destroy(&zones);
	return 0;
}
