/* SPDX-License-Identifier: MIT */
/* BUILD: libxml-2.0 */
/*
 * xml_hash_anchors_race.c - threads that read one document each put its anchors into one table.
 *
 *	thread      function         lock       races
 *	readers     anchors_add      none       with each other and with main
 *	main        anchor_find      anchors    with the insertions
 *	main        anchors_print    anchors    with the insertions
 *
 * Reading documents in several threads is fine in libxml2. The table is the program's own and has no lock: an insertion may
 * replace its array while others walk it.
 */
#include <libxml/hash.h>
#include <libxml/parser.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "turns.h"

static xmlHashTablePtr anchors;
static pthread_mutex_t anchors_lock = PTHREAD_MUTEX_INITIALIZER;

struct page {
	const char *name, *text;
	int turn;
};
static struct page pages[] = {
	{ "index", "<html><a id='top'/><a id='menu'/></html>", 0 },
	{ "news", "<html><a id='today'/><p><a id='yesterday'/></p></html>", 1 },
};

static void anchors_add(xmlNodePtr node, struct page *page)
{
	for (; node; node = node->next) {
		xmlChar *id = xmlGetProp(node, BAD_CAST "id");

		if (id)
			xmlHashAddEntry(anchors, id, (void *)page->name); /* RACE HERE */
		xmlFree(id);
		anchors_add(node->children, page);
	}
}

static const char *anchor_find(const char *id)
{
	const char *page;

	pthread_mutex_lock(&anchors_lock);
	page = xmlHashLookup(anchors, BAD_CAST id); /* RACE HERE */
	pthread_mutex_unlock(&anchors_lock);
	return page;
}

static void print_anchor(void *page, void *user, const xmlChar *id)
{
	(void)user;
	printf("%s#%s ", (char *)page, (const char *)id);
}

static void anchors_print(void)
{
	pthread_mutex_lock(&anchors_lock);
	xmlHashScan(anchors, print_anchor, NULL); /* RACE HERE */
	pthread_mutex_unlock(&anchors_lock);
}

static void *reader(void *arg)
{
	struct page *page = arg;
	xmlDocPtr doc = xmlReadMemory(page->text, (int)strlen(page->text), page->name, NULL, 0);

	turn_wait(page->turn);
	anchors_add(xmlDocGetRootElement(doc), page);
	turn_over();
	xmlFreeDoc(doc);
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	xmlInitParser();
	anchors = xmlHashCreate(16);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, reader, &pages[i]);
	turn_wait(2);
	printf("today is on %s; ", anchor_find("today"));
	anchors_print();
	puts("");
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	xmlHashFree(anchors, NULL);
	xmlCleanupParser();
	return 0;
}
