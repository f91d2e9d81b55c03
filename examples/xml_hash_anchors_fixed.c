/* SPDX-License-Identifier: MIT */
/* BUILD: libxml-2.0 */
/* xml_hash_anchors_fixed.c - the same table: every insertion and look-up holds its lock. */
#include <libxml/hash.h>
#include <libxml/parser.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static xmlHashTablePtr anchors;
static pthread_mutex_t anchors_lock = PTHREAD_MUTEX_INITIALIZER;

struct page {
	const char *name, *text;
};
static struct page pages[] = {
	{ "index", "<html><a id='top'/><a id='menu'/></html>" },
	{ "news", "<html><a id='today'/><p><a id='yesterday'/></p></html>" },
};

static void anchors_add(xmlNodePtr node, struct page *page)
{
	for (; node; node = node->next) {
		xmlChar *id = xmlGetProp(node, BAD_CAST "id");

		if (id) {
			pthread_mutex_lock(&anchors_lock);
			xmlHashAddEntry(anchors, id, (void *)page->name);
			pthread_mutex_unlock(&anchors_lock);
		}
		xmlFree(id);
		anchors_add(node->children, page);
	}
}

static const char *anchor_find(const char *id)
{
	const char *page;

	pthread_mutex_lock(&anchors_lock);
	page = xmlHashLookup(anchors, BAD_CAST id);
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
	xmlHashScan(anchors, print_anchor, NULL);
	pthread_mutex_unlock(&anchors_lock);
}

static void *reader(void *arg)
{
	struct page *page = arg;
	xmlDocPtr doc = xmlReadMemory(page->text, (int)strlen(page->text), page->name, NULL, 0);

	anchors_add(xmlDocGetRootElement(doc), page);
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
	printf("top is %s; ", anchor_find("top") ? "there already" : "not there yet");
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("today is on %s; ", anchor_find("today"));
	anchors_print();
	puts("");
	xmlHashFree(anchors, NULL);
	xmlCleanupParser();
	return 0;
}
