/* SPDX-License-Identifier: MIT */
/* BUILD: libxml-2.0 */
/* xml_hash_torn.c - xmlHashTable. See torn.h. */
#include <libxml/hash.h>

#include "torn.h"

static xmlHashTablePtr maps[2];
#define NAME(key) ((const xmlChar *)names[key])

static void make(void)
{
	maps[0] = xmlHashCreate(0);
	maps[1] = xmlHashCreate(0);
}

static int look(int map, int key)
{
	return xmlHashLookup(maps[map], NAME(key)) != NULL;
}

static void put(int map, int key)
{
	xmlHashUpdateEntry(maps[map], NAME(key), (char *)"tree", NULL);
}

static void drop(int map, int key)
{
	xmlHashRemoveEntry(maps[map], NAME(key), NULL);
}
