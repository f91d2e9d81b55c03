/* CORPUS label=racy family=xml_hash primitive=atomic_flag atomics=own repeats=no twin=atom_mov_flag_bare_clean cause=published_too_early strip=yes */
/* SPDX-License-Identifier: MIT */
/* BUILD: libxml-2.0 */
/*
 * Entities are read into an xmlHashTable by a thread; main spins on a flag that is stored with release and loaded
 * with acquire, which on this machine are plain moves, and then looks entities up. Nothing but those moves orders the
 * two.
 * The flag is stored before the last entity is added.
 */
#include <libxml/hash.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static xmlHashTablePtr entities;
static int complete;

static void *read_entities(void *arg)
{
	static const char *const names[] = { "amp", "lt", "gt", "quot" };

	usleep(1000);
	for (int i = 0; i < 4; i++) {
		if (i == 3)
			__atomic_store_n(&complete, 1, __ATOMIC_RELEASE);
		xmlHashAddEntry(entities, (const xmlChar *)names[i], (void *)names[i]);
	}
	return arg;
}

int main(void)
{
	pthread_t thread;
	int known;

	entities = xmlHashCreate(16);
	pthread_create(&thread, NULL, read_entities, NULL);
	while (!__atomic_load_n(&complete, __ATOMIC_ACQUIRE))
		;
	known = xmlHashLookup(entities, (const xmlChar *)"lt") != NULL;
	pthread_join(thread, NULL);
	printf("%d entities, lt %s\n", xmlHashSize(entities), known ? "known" : "unknown");
	xmlHashFree(entities, NULL);
	return 0;
}
