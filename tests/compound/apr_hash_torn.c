/* SPDX-License-Identifier: MIT */
/* BUILD: apr-1 */
/* apr_hash_torn.c - apr_hash_t with strings as keys. See torn.h. */
#include <apr_general.h>
#include <apr_hash.h>

#include "torn.h"

static apr_hash_t *maps[2];

static void make(void)
{
	apr_pool_t *pool;

	apr_initialize();
	apr_pool_create(&pool, NULL);
	maps[0] = apr_hash_make(pool);
	maps[1] = apr_hash_make(pool);
}

static int look(int map, int key)
{
	return apr_hash_get(maps[map], names[key], APR_HASH_KEY_STRING) != NULL;
}

static void put(int map, int key)
{
	apr_hash_set(maps[map], names[key], APR_HASH_KEY_STRING, "tree");
}

static void drop(int map, int key)
{
	apr_hash_set(maps[map], names[key], APR_HASH_KEY_STRING, NULL);
}
