/* CORPUS label=racy family=xml_hash primitive=pthread_mutex atomics=none repeats=yes twin=fam_xml_anchors_clean cause=different-locks */
/* SPDX-License-Identifier: MIT */
/* BUILD: libxml-2.0 -D_GNU_SOURCE */
/*
 * Anchors of a document in a hash table of libxml2. A walk over all asks for the target of each in
 * a callback, which takes the
 * same, recursive, lock again.
 * The thread that moves anchors has a lock of its own.
 */
#include <libxml/hash.h>
#include <pthread.h>
#include <stdio.h>

static xmlHashTablePtr anchors;
static pthread_mutex_t anchors_lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t moves_lock = PTHREAD_MUTEX_INITIALIZER;
static const char *const names[] = { "intro", "usage", "files", "bugs", "authors", "history" };
static int lines[100];

static int anchor_line(const xmlChar *name)
{
	int *line;

	pthread_mutex_lock(&anchors_lock);
	line = xmlHashLookup(anchors, name);
	pthread_mutex_unlock(&anchors_lock);
	return line ? *line : 0;
}

static void check_anchor(void *line, void *good, const xmlChar *name)
{
	*(int *)good += line && anchor_line(name) < 100;
}

static void *move(void *unused)
{
	(void)unused;
	for (int i = 0; i < 1500; i++) {
		pthread_mutex_lock(&moves_lock);
		xmlHashUpdateEntry(anchors, (const xmlChar *)names[i % 6], &lines[i % 100], NULL);
		pthread_mutex_unlock(&moves_lock);
	}
	return NULL;
}

int main(void)
{
	pthread_t thread;
	int good = 0;

	anchors = xmlHashCreate(16);
	for (int i = 0; i < 6; i++)
		xmlHashAddEntry(anchors, (const xmlChar *)names[i], &lines[i]);
	pthread_create(&thread, NULL, move, NULL);
	for (int i = 0; i < 800; i++) {
		pthread_mutex_lock(&anchors_lock);
		xmlHashScan(anchors, check_anchor, &good);
		pthread_mutex_unlock(&anchors_lock);
	}
	pthread_join(thread, NULL);
	printf("anchors %s\n", good ? "checked" : "missing");
	xmlHashFree(anchors, NULL);
	return 0;
}
