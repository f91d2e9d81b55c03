/* SPDX-License-Identifier: MIT */
/* BUILD: apr-1 */
/*
 * apr_table_defaults_race.c - default headers are replaced while answers are made of them.
 *
 *	thread     function         lock            races
 *	reloader   defaults_set     none            with both
 *	main       answer_header    defaults_lock   with the change
 *	main       answer_print     defaults_lock   with the change
 *
 * A new key moves the array of a full apr_table_t; who walks it at that moment walks the old one.
 */
#include <apr_general.h>
#include <apr_tables.h>
#include <pthread.h>
#include <stdio.h>

#include "turns.h"

static apr_pool_t *pool;
static apr_table_t *defaults;
static pthread_mutex_t defaults_lock = PTHREAD_MUTEX_INITIALIZER;

static void defaults_set(const char *name, const char *value)
{
	apr_table_set(defaults, name, value); /* RACE HERE */
	turn_over();
}

static const char *answer_header(const char *name)
{
	const char *value;

	pthread_mutex_lock(&defaults_lock);
	value = apr_table_get(defaults, name); /* RACE HERE */
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
	apr_table_do(print_header, NULL, defaults, NULL); /* RACE HERE */
	pthread_mutex_unlock(&defaults_lock);
}

static void *reloader(void *arg)
{
	turn_wait(0);
	defaults_set("Cache-Control", "no-store");
	turn_wait(1);
	defaults_set("X-Frame-Options", "DENY");
	turn_wait(3);
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
	turn_wait(2);
	value = answer_header("cache-control");
	answer_print();
	turn_over();
	pthread_join(thread, NULL);
	printf("answers are %s\n", value);
	apr_terminate();
	return 0;
}
