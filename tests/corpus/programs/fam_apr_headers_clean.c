/* CORPUS label=clean family=apr_table primitive=pthread_mutex atomics=none repeats=yes twin=fam_apr_headers_racy */
/* SPDX-License-Identifier: MIT */
/* BUILD: apr-1 */
/*
 * Headers of a response in an apr_table_t: a filter sets them again and again, a logger reads some.
 * The logger takes the lock.
 */
#include <apr_general.h>
#include <apr_tables.h>
#include <apr_thread_mutex.h>
#include <pthread.h>
#include <stdio.h>

static apr_table_t *headers;
static apr_thread_mutex_t *headers_lock;
static pthread_barrier_t responses, responses_over;

static void *filter(void *unused)
{
	static const char *const types[] = { "text/html", "text/plain" };

	(void)unused;
	pthread_barrier_wait(&responses);
	for (int i = 0; i < 2000; i++) {
		apr_thread_mutex_lock(headers_lock);
		apr_table_setn(headers, "Content-Type", types[i & 1]);
		apr_thread_mutex_unlock(headers_lock);
	}
	pthread_barrier_wait(&responses_over);
	return NULL;
}

static int log_one(const char *name)
{
	const char *value;

	apr_thread_mutex_lock(headers_lock);
	value = apr_table_get(headers, name);
	apr_thread_mutex_unlock(headers_lock);
	return value != NULL;
}

int main(void)
{
	pthread_t thread;
	apr_pool_t *pool;
	int logged = 0;

	apr_initialize();
	apr_pool_create(&pool, NULL);
	apr_thread_mutex_create(&headers_lock, APR_THREAD_MUTEX_DEFAULT, pool);
	headers = apr_table_make(pool, 8);
	apr_table_setn(headers, "Content-Type", "none");
	apr_table_setn(headers, "Server", "little/1.0");
	pthread_barrier_init(&responses, NULL, 2);
	pthread_barrier_init(&responses_over, NULL, 2);
	pthread_create(&thread, NULL, filter, NULL);
	pthread_barrier_wait(&responses);
	for (int i = 0; i < 2000; i++)
		logged += log_one(i & 1 ? "Server" : "Content-Type");
	pthread_barrier_wait(&responses_over);
	pthread_join(thread, NULL);
	printf("headers %s\n", logged ? "logged" : "lost");
	apr_terminate();
	return 0;
}
