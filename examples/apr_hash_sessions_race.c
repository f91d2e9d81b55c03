/* SPDX-License-Identifier: MIT */
/* BUILD: apr-1 */
/*
 * apr_hash_sessions_race.c - sessions are listed while a worker still logs people in.
 *
 *	thread   function        lock            races
 *	worker   session_open    none            with both
 *	main     session_find    sessions_lock   with the insertion
 *	main     session_list    sessions_lock   with the insertion
 *
 * apr_hash_t grows by rebuilding its array under whoever is reading it, and every insertion takes memory from the table's pool,
 * which has no lock either.
 */
#include <apr_general.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>
#include <stdio.h>

#include "turns.h"

static apr_pool_t *pool, *scratch;
static apr_hash_t *sessions;
static apr_thread_mutex_t *sessions_lock;

static void session_open(const char *user, const char *address)
{
	apr_hash_set(sessions, user, APR_HASH_KEY_STRING, address); /* RACE HERE */
	turn_over();
}

static const char *session_find(const char *user)
{
	const char *address;

	apr_thread_mutex_lock(sessions_lock);
	address = apr_hash_get(sessions, user, APR_HASH_KEY_STRING); /* RACE HERE */
	apr_thread_mutex_unlock(sessions_lock);
	return address;
}

static int session_list(void)
{
	int n = 0;

	apr_thread_mutex_lock(sessions_lock);
	for (apr_hash_index_t *i = apr_hash_first(scratch, sessions); i; /* RACE HERE */
	     i = apr_hash_next(i)) {                                     /* RACE HERE */
		printf("%s ", (const char *)apr_hash_this_key(i));
		n++;
	}
	apr_thread_mutex_unlock(sessions_lock);
	return n;
}

static void *APR_THREAD_FUNC worker(apr_thread_t *self, void *unused)
{
	static const char *const users[] = { "ada", "grace", "barbara", "radia", "frances" };

	(void)self;
	(void)unused;
	for (int i = 0; i < 5; i++) {
		turn_wait(i < 3 ? i : i + 1);
		session_open(users[i], "192.0.2.7");
	}
	return NULL;
}

int main(void)
{
	apr_thread_t *thread;
	apr_status_t status;
	const char *address;
	int n;

	apr_initialize();
	apr_pool_create(&pool, NULL);
	apr_pool_create(&scratch, NULL);
	sessions = apr_hash_make(pool);
	apr_thread_mutex_create(&sessions_lock, APR_THREAD_MUTEX_DEFAULT, scratch);
	apr_thread_create(&thread, NULL, worker, NULL, scratch);
	turn_wait(3);
	address = session_find("grace");
	n = session_list();
	turn_over();
	apr_thread_join(&status, thread);
	printf("%d sessions, grace at %s\n", n, address);
	apr_terminate();
	return 0;
}
