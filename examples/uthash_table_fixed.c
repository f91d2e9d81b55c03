/* SPDX-License-Identifier: MIT */
/*
 * uthash_table_fixed.c - the twin of uthash_table_race.c: the look-up takes the lock, and whoever waits for a user
 * waits under it.
 *
 *	thread   function      lock
 *	login    user_add      users_lock
 *	main     user_find     users_lock
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "librace_uthash.h"

struct user {
	int id;
	char name[16];
	UT_hash_handle hh;
};

static struct user *users;
static pthread_mutex_t users_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t users_grown = PTHREAD_COND_INITIALIZER;

static void user_add(int id)
{
	struct user *u = calloc(1, sizeof(*u));

	u->id = id;
	snprintf(u->name, sizeof(u->name), "user%d", id);
	pthread_mutex_lock(&users_lock);
	HASH_ADD_INT(users, id, u);
	pthread_cond_signal(&users_grown);
	pthread_mutex_unlock(&users_lock);
}

static struct user *user_find(int id)
{
	struct user *u;

	pthread_mutex_lock(&users_lock);
	for (;;) {
		HASH_FIND_INT(users, &id, u);
		if (u)
			break;
		pthread_cond_wait(&users_grown, &users_lock);
	}
	pthread_mutex_unlock(&users_lock);
	return u;
}

static void *login(void *arg)
{
	(void)arg;
	for (int id = 1; id <= 4; id++)
		user_add(id);
	return NULL;
}

int main(void)
{
	struct user *u, *next;
	pthread_t thread;

	pthread_create(&thread, NULL, login, NULL);
	u = user_find(2);
	pthread_join(thread, NULL);
	printf("found %s among %u\n", u->name, HASH_COUNT(users));
	HASH_ITER (hh, users, u, next) {
		HASH_DEL(users, u);
		free(u);
	}
	return 0;
}
