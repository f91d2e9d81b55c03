/* SPDX-License-Identifier: MIT */
/*
 * uthash_table_race.c - a uthash table of users; librace_uthash.h instead of uthash.h is all that was changed.
 *
 *	thread   function      lock          races
 *	login    user_add      users_lock    with the look-up
 *	main     user_find     none          with the insertion
 *
 * uthash is macros: no library call could be observed. The header tells librace of each operation and its bucket.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "librace_uthash.h"
#include "turns.h"

struct user {
	int id;
	char name[16];
	UT_hash_handle hh;
};

static struct user *users;
static pthread_mutex_t users_lock = PTHREAD_MUTEX_INITIALIZER;

static void user_add(int id)
{
	struct user *u = calloc(1, sizeof(*u));

	u->id = id;
	snprintf(u->name, sizeof(u->name), "user%d", id);
	pthread_mutex_lock(&users_lock);
	HASH_ADD_INT(users, id, u); /* RACE HERE */
	pthread_mutex_unlock(&users_lock);
}

static struct user *user_find(int id)
{
	struct user *u;

	HASH_FIND_INT(users, &id, u); /* RACE HERE */
	return u;
}

static void *login(void *arg)
{
	(void)arg;
	for (int id = 1; id <= 3; id++)
		user_add(id);
	turn_over();
	turn_wait(2);
	user_add(4);
	return NULL;
}

int main(void)
{
	struct user *u, *next;
	pthread_t thread;

	pthread_create(&thread, NULL, login, NULL);
	turn_wait(1);
	u = user_find(2);
	turn_over();
	pthread_join(thread, NULL);
	printf("found %s among %u\n", u ? u->name : "nobody", HASH_COUNT(users));
	HASH_ITER (hh, users, u, next) {
		HASH_DEL(users, u);
		free(u);
	}
	return 0;
}
