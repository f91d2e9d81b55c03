/* SPDX-License-Identifier: MIT */
/* BUILD: -D__GNUC_ATOMICS -DHAVE_UCHAR_H=1 -lisc */
/*
 * isc_ht_zones_race.c - zones are counted and looked up while a transfer adds some.
 *
 *	thread     function     lock         races
 *	transfer   zone_add     none         with both
 *	main       zone_find    zones_lock   with the insertion
 *	main       zone_total   zones_lock   with the insertion
 *
 * isc_ht_t rehashes little by little: each insertion may move a bucket of others from one array to the next.
 */
#include <isc/ht.h>
#include <isc/mem.h>
#include <isc/result.h>
#include <isc/rwlock.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "turns.h"

static isc_mem_t *memory;
static isc_ht_t *zones;
static isc_rwlock_t zones_lock;

static void zone_add(const char *name, int *serial)
{
	isc_ht_add(zones, (const unsigned char *)name, (uint32_t)strlen(name), serial); /* RACE HERE */
	turn_over();
}

static int zone_find(const char *name)
{
	isc_result_t result;
	void *serial = NULL;

	isc_rwlock_lock(&zones_lock, isc_rwlocktype_read);
	result = isc_ht_find(zones, (const unsigned char *)name, (uint32_t)strlen(name), &serial); /* RACE HERE */
	isc_rwlock_unlock(&zones_lock, isc_rwlocktype_read);
	return result == ISC_R_SUCCESS ? *(int *)serial : 0;
}

static int zone_total(void)
{
	isc_ht_iter_t *i = NULL;
	int total = 0;

	isc_rwlock_lock(&zones_lock, isc_rwlocktype_read);
	isc_ht_iter_create(zones, &i); /* RACE HERE */
	for (isc_result_t result = isc_ht_iter_first(i); /* RACE HERE */
	     result == ISC_R_SUCCESS;
	     result = isc_ht_iter_next(i)) { /* RACE HERE */
		void *serial = NULL;

		isc_ht_iter_current(i, &serial);
		total += *(int *)serial;
	}
	isc_ht_iter_destroy(&i);
	isc_rwlock_unlock(&zones_lock, isc_rwlocktype_read);
	return total;
}

static void *transfer(void *arg)
{
	static const char *const names[] = { "example.", "example.org.", "example.net.", "test." };
	static int serials[] = { 1, 2, 3, 4 };

	for (int i = 0; i < 4; i++) {
		turn_wait(i < 3 ? i : i + 1);
		zone_add(names[i], &serials[i]);
	}
	return arg;
}

int main(void)
{
	pthread_t thread;
	int serial, total;

	isc_mem_create(&memory);
	isc_ht_init(&zones, memory, 2, ISC_HT_CASE_INSENSITIVE);
	isc_rwlock_init(&zones_lock, 0, 0);
	pthread_create(&thread, NULL, transfer, NULL);
	turn_wait(3);
	serial = zone_find("example.org.");
	total = zone_total();
	turn_over();
	pthread_join(thread, NULL);
	printf("serial %d, total %d\n", serial, total);
	isc_ht_destroy(&zones);
	isc_rwlock_destroy(&zones_lock);
	isc_mem_destroy(&memory);
	return 0;
}
