/* SPDX-License-Identifier: MIT */
/* BUILD: apr-1 */
/*
 * apr_table_defaults_fixed.c - default headers are replaced while answers are made of them.
 *
 * The twin of apr_table_defaults_race.c: every access under defaults_lock.
 */
#include <apr_general.h>
#include <apr_tables.h>
#include <pthread.h>
#include <stdio.h>

static apr_pool_t *pool;
static apr_table_t *defaults;
static pthread_mutex_t defaults_lock = PTHREAD_MUTEX_INITIALIZER;

static void defaults_set(const char *name, const char *value)
{
	pthread_mutex_lock(&defaults_lock);
	apr_table_set(defaults, name, value);
	pthread_mutex_unlock(&defaults_lock);
}

static const char *answer_header(const char *name)
{
	const char *value;

	pthread_mutex_lock(&defaults_lock);
	value = apr_table_get(defaults, name);
	pthread_mutex_unlock(&defaults_lock);
	return value;
}

static int print_header(void *unused, const char *name, const char *value)
{
	(void)unused;
	printf("%s: %s\n", name, value);
	return 1;
}

static void answer_print(void)
{
	pthread_mutex_lock(&defaults_lock);
	apr_table_do(print_header, NULL, defaults, NULL);
	pthread_mutex_unlock(&defaults_lock);
}

static void *reloader(void *arg)
{
	defaults_set("Cache-Control", "no-store");
	defaults_set("X-Frame-Options", "DENY");
	defaults_set("Server", "example");
	return arg;
}

int main(void)
{
	pthread_t thread;
	const char *value;

	apr_initialize();
	apr_pool_create(&pool, NULL);
	defaults = apr_table_make(pool, 2);
	apr_table_set(defaults, "Server", "example/1.0");
	pthread_create(&thread, NULL, reloader, NULL);
	value = answer_header("cache-control");
	answer_print();
	pthread_join(thread, NULL);
	printf("answers are %s\n", value ? value : "kept");
	apr_terminate();
	return 0;
}
