/* SPDX-License-Identifier: MIT */
/*
 * lru.c - a cache as a server has it: a request line is taken apart, its parameters become a key, the key is looked up
 * in a bounded cache (GHashTable plus a list by age) under the cache's mutex; a miss renders a value, inserts it and
 * evicts the oldest. More than half of the requests miss. This is what a map operation costs beside the work around it.
 */
#include <glib.h>

#include "bench.h"

#define ROOM 2048
#define LINES 8192

struct entry {
	GList link;
	char *key, *value;
};

static GHashTable *cache;
static GQueue by_age = G_QUEUE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *lines[LINES];

static void entry_free(gpointer p)
{
	struct entry *e = p;

	g_free(e->key);
	g_free(e->value);
	g_free(e);
}

/* "GET /shop/item?id=17&lang=en&user=anna HTTP/1.1" becomes "/shop/item|17|en" */
static BENCH_NOINLINE int parse(const char *line, char *key, size_t room)
{
	char copy[160], *save, *method, *target, *query, *pair, id[16] = "", lang[8] = "";
	size_t n = strlen(line);

	if (n >= sizeof(copy))
		return -1;
	memcpy(copy, line, n + 1);
	method = strtok_r(copy, " ", &save);
	target = strtok_r(NULL, " ", &save);
	if (!method || !target || strcmp(method, "GET"))
		return -1;
	query = strchr(target, '?');
	if (query)
		*query++ = 0;
	for (pair = query ? strtok_r(query, "&", &save) : NULL; pair; pair = strtok_r(NULL, "&", &save)) {
		char *value = strchr(pair, '=');

		if (!value)
			continue;
		*value++ = 0;
		if (!strcmp(pair, "id"))
			snprintf(id, sizeof(id), "%ld", strtol(value, NULL, 10));
		else if (!strcmp(pair, "lang"))
			snprintf(lang, sizeof(lang), "%.7s", value);
	}
	return snprintf(key, room, "%s|%s|%s", target, id, lang);
}

static BENCH_NOINLINE size_t cache_get(const char *key)
{
	struct entry *e;
	size_t n = 0;

	pthread_mutex_lock(&lock);
	e = g_hash_table_lookup(cache, key);
	if (e) {
		g_queue_unlink(&by_age, &e->link);
		g_queue_push_head_link(&by_age, &e->link);
		n = strlen(e->value);
	}
	pthread_mutex_unlock(&lock);
	return n;
}

static BENCH_NOINLINE void cache_put(const char *key, char *value)
{
	struct entry *e = g_new0(struct entry, 1);

	e->key = g_strdup(key);
	e->value = value;
	e->link.data = e;
	pthread_mutex_lock(&lock);
	if (g_hash_table_contains(cache, e->key)) { /* another thread missed it too and was faster */
		pthread_mutex_unlock(&lock);
		entry_free(e);
		return;
	}
	if (g_hash_table_size(cache) >= ROOM) {
		GList *oldest = g_queue_pop_tail_link(&by_age);

		g_hash_table_remove(cache, ((struct entry *)oldest->data)->key);
	}
	g_hash_table_insert(cache, e->key, e);
	g_queue_push_head_link(&by_age, &e->link);
	pthread_mutex_unlock(&lock);
}

static BENCH_NOINLINE void request(struct bench_worker *w, unsigned operations)
{
	char key[96];

	while (operations--) {
		/* the product of two numbers favours the low lines, as favourites do */
		uint32_t r = bench_random(w), line = (uint32_t)((uint64_t)(r & 0xffff) * (r >> 16) * LINES >> 32);

		if (parse(lines[line % LINES], key, sizeof(key)) < 0)
			continue;
		if (cache_get(key))
			w->sum++;
		else
			cache_put(key, g_strdup_printf("<p class=\"item\">%s</p>", key));
	}
}

static void *nothing(void)
{
	return NULL;
}

int main(int argc, char **argv)
{
	static const char *const langs[] = { "en", "de", "fr", "pl" };
	struct bench_args args;

	bench_parse(argc, argv, &args);
	cache = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
	for (unsigned i = 0; i < LINES; i++)
		lines[i] = g_strdup_printf("GET /shop/item?id=%u&lang=%s&user=visitor%u HTTP/1.1", i, langs[i & 3], i % 977);
	return bench_run(&args, request, nothing);
}
