/* CORPUS label=clean family=apr_hash primitive=pthread_rwlock atomics=none repeats=no twin=fam_apr_mounts_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: apr-1 */
/*
 * Mount points in an apr_hash_t; two requests list them, each under the lock's read mode.
 * Each walk has an iterator from a pool of its own.
 */
#include <apr_general.h>
#include <apr_hash.h>
#include <apr_thread_rwlock.h>
#include <pthread.h>
#include <stdio.h>

struct request {
	apr_pool_t *pool;
	long listed;
};

static apr_hash_t *mounts;
static apr_thread_rwlock_t *mounts_lock;

static void *list(void *arg)
{
	struct request *r = arg;

	apr_thread_rwlock_rdlock(mounts_lock);
	for (apr_hash_index_t *i = apr_hash_first(r->pool, mounts); i; i = apr_hash_next(i))
		r->listed += ((const char *)apr_hash_this_key(i))[0] == '/';
	apr_thread_rwlock_unlock(mounts_lock);
	return NULL;
}

int main(void)
{
	static const char *const points[] = { "/", "/boot", "/home", "/srv", "/tmp", "/usr", "/var" };
	struct request one = { NULL, 0 }, two = { NULL, 0 };
	pthread_t thread;
	apr_pool_t *pool;

	apr_initialize();
	apr_pool_create(&pool, NULL);
	apr_pool_create(&one.pool, pool);
	apr_pool_create(&two.pool, pool);
	apr_thread_rwlock_create(&mounts_lock, pool);
	mounts = apr_hash_make(pool);
	for (int i = 0; i < 7; i++)
		apr_hash_set(mounts, points[i], APR_HASH_KEY_STRING, &points[i]);
	pthread_create(&thread, NULL, list, &one);
	list(&two);
	pthread_join(thread, NULL);
	printf("listed %s\n", one.listed <= 7 && two.listed <= 7 ? "mounts" : "phantoms");
	apr_terminate();
	return 0;
}
