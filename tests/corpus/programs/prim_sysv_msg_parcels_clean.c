/* CORPUS label=clean family=tsearch primitive=sysv_msg atomics=none repeats=no twin=prim_sysv_msg_parcels_racy */
/* SPDX-License-Identifier: MIT */
/*
 * Parcels are announced through a System V message queue.
 * Each parcel is in the depot when it is announced.
 */
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/msg.h>

enum { PARCELS = 5 };

struct notice {
	long type;
	int parcel;
};

static int numbers[PARCELS + 1];
static void *depot;
static int queue;

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void store(int parcel)
{
	numbers[parcel] = parcel;
	tsearch(&numbers[parcel], &depot, compare);
}

static void *courier(void *found)
{
	struct notice notice = { .parcel = 0 };

	while (notice.parcel != PARCELS)
		if (msgrcv(queue, &notice, sizeof(int), 0, 0) != sizeof(int))
			return NULL;
	for (int parcel = 1; parcel < PARCELS; parcel++)
		*(int *)found += tfind(&parcel, &depot, compare) != NULL;
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int found = 0;

	queue = msgget(IPC_PRIVATE, 0600);
	if (queue < 0)
		return 1;
	pthread_create(&thread, NULL, courier, &found);
	for (int parcel = 1; parcel <= PARCELS; parcel++) {
		struct notice notice = { 1, parcel };

		store(parcel);
		msgsnd(queue, &notice, sizeof(int), 0);
	}
	pthread_join(thread, NULL);
	msgctl(queue, IPC_RMID, NULL);
	printf("parcels found: %s\n", found ? "yes" : "no");
	return 0;
}
