/* SPDX-License-Identifier: MIT */
/*
 * annotated_race.c - a private open-addressing table that tells librace about itself.
 *
 *	thread      function      lock          races
 *	resolver    dns_put       cache_lock    with the look-up
 *	main        dns_get       none          with the insertion
 *
 * Five lines of librace.h make it as visible as a library's table, with its name, bucket and key in the report.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "librace.h"
#include "turns.h"

#define SLOTS 64

static struct {
	char host[24], address[16];
} cache[SLOTS];
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned slot_of(const char *host)
{
	unsigned h = 5381;

	for (const char *p = host; *p; p++)
		h = h * 33 + (unsigned char)*p;
	h %= SLOTS;
	while (cache[h].host[0] && strcmp(cache[h].host, host) != 0)
		h = (h + 1) % SLOTS;
	return h;
}

static void dns_put(const char *host, const char *address)
{
	unsigned slot = slot_of(host);

	race_begin(cache, RACE_OP_INSERT, slot, host, RACE_KEY_STRING); /* RACE HERE */
	strcpy(cache[slot].host, host);
	strcpy(cache[slot].address, address);
	race_end(cache); /* RACE HERE */
}

static const char *dns_get(const char *host)
{
	unsigned slot = slot_of(host);
	const char *address;

	race_begin(cache, RACE_OP_LOOKUP, slot, host, RACE_KEY_STRING); /* RACE HERE */
	address = cache[slot].host[0] ? cache[slot].address : "unknown";
	race_end(cache); /* RACE HERE */
	return address;
}

static void *resolver(void *arg)
{
	(void)arg;
	race_context("answer 17");
	pthread_mutex_lock(&cache_lock);
	dns_put("example.org", "192.0.2.7");
	pthread_mutex_unlock(&cache_lock);
	turn_over();
	return NULL;
}

int main(void)
{
	pthread_t thread;

	race_map_create(cache, "dns cache", RACE_UNSAFE);
	race_label(cache, "answers by host name");
	pthread_create(&thread, NULL, resolver, NULL);
	race_context("request 4");
	turn_wait(1);
	printf("example.org is %s\n", dns_get("example.org"));
	pthread_join(thread, NULL);
	race_map_destroy(cache);
	return 0;
}
