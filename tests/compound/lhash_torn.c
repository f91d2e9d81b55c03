/* SPDX-License-Identifier: MIT */
/* BUILD: libcrypto */
/* lhash_torn.c - OPENSSL_LHASH of strings. See torn.h. */
#include <openssl/lhash.h>

#include "torn.h"

static OPENSSL_LHASH *maps[2];

static void make(void)
{
	for (int i = 0; i < 2; i++)
		maps[i] = OPENSSL_LH_new((OPENSSL_LH_HASHFUNC)OPENSSL_LH_strhash, (OPENSSL_LH_COMPFUNC)strcmp);
}

static int look(int map, int key)
{
	return OPENSSL_LH_retrieve(maps[map], names[key]) != NULL;
}

static void put(int map, int key)
{
	OPENSSL_LH_insert(maps[map], (char *)names[key]);
}

static void drop(int map, int key)
{
	OPENSSL_LH_delete(maps[map], names[key]);
}
