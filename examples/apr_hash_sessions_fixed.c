/* SPDX-License-Identifier: MIT */
/* BUILD: apr-1 */
/*
 * apr_hash_sessions_fixed.c - sessions are listed while a worker still logs people in.
 *
 * The twin of apr_hash_sessions_race.c: every access under sessions_lock.
 */
#include <apr_general.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>
#include <stdio.h>

static apr_pool_t *pool, *scratch;
static apr_hash_t *sessions;
static apr_thread_mutex_t *sessions_lock;

static void session_open(const char *user, const char *address)
{
	apr_thread_mutex_lock(sessions_lock);
	apr_hash_set(sessions, user, APR_HASH_KEY_STRING, address);
	apr_thread_mutex_unlock(sessions_lock);
}

static const char *session_find(const char *user)
{
	const char *address;

	apr_thread_mutex_lock(sessions_lock);
	address = apr_hash_get(sessions, user, APR_HASH_KEY_STRING);
	apr_thread_mutex_unlock(sessions_lock);
	return address;
}

static int session_list(void)
{
	int n = 0;

	apr_thread_mutex_lock(sessions_lock);
	for (apr_hash_index_t *i = apr_hash_first(scratch, sessions); i; i = apr_hash_next(i)) {
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
	for (int i = 0; i < 5; i++)
		session_open(users[i], "192.0.2.7");
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
	address = session_find("grace");
	n = session_list();
	apr_thread_join(&status, thread);
	printf("%d sessions, grace at %s\n", n, address ? address : "nowhere");
	apr_terminate();
	return 0;
}
