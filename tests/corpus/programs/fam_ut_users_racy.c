/* CORPUS label=racy family=uthash primitive=pthread_mutex atomics=none repeats=yes twin=fam_ut_users_clean cause=forgotten-lock */
/* SPDX-License-Identifier: MIT */
/* BUILD: -Iinclude */
/*
 * Users of a chat room in a uthash table that librace_uthash.h makes visible: one thread lets users
 * in, one looks for some.
 * Looking takes no lock.
 */
#include <pthread.h>
#include <stdio.h>

#include "librace_uthash.h"

struct user {
	int id, messages;
	UT_hash_handle hh;
};

static struct user pool[120], *room;
static pthread_mutex_t room_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t evening, evening_over;

static void enter(int id)
{
	struct user *u = &pool[id];

	u->id = id;
	pthread_mutex_lock(&room_lock);
	HASH_ADD_INT(room, id, u);
	pthread_mutex_unlock(&room_lock);
}

static int is_here(int id)
{
	struct user *u;

	HASH_FIND_INT(room, &id, u);
	return u != NULL;
}

static void *door(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&evening);
	for (int id = 20; id < 120; id++)
		enter(id);
	pthread_barrier_wait(&evening_over);
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int here = 0;

	for (int id = 0; id < 20; id++)
		enter(id);
	pthread_barrier_init(&evening, NULL, 2);
	pthread_barrier_init(&evening_over, NULL, 2);
	pthread_create(&thread, NULL, door, NULL);
	pthread_barrier_wait(&evening);
	for (int look = 0; look < 500; look++)
		here += is_here(look % 120);
	pthread_barrier_wait(&evening_over);
	pthread_join(thread, NULL);
	printf("room %s\n", here ? "lively" : "empty");
	return 0;
}
