/* SPDX-License-Identifier: MIT */
/*
 * annotated_fixed.c - the twin of annotated_race.c: the answer is handed over by a flag in memory, and race_release()
 * and race_acquire() say so.
 *
 *	thread      function      order
 *	resolver    dns_put       before race_release
 *	main        dns_get       after race_acquire
 *
 * Without those two lines librace, which sees calls and no memory, would have to report this pair as well.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "librace.h"

#define SLOTS 64

static struct {
	char host[24], address[16];
} cache[SLOTS];
static int answered;

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

	race_begin(cache, RACE_OP_INSERT, slot, host, RACE_KEY_STRING);
	strcpy(cache[slot].host, host);
	strcpy(cache[slot].address, address);
	race_end(cache);
}

static const char *dns_get(const char *host)
{
	unsigned slot = slot_of(host);
	const char *address;

	race_begin(cache, RACE_OP_LOOKUP, slot, host, RACE_KEY_STRING);
	address = cache[slot].host[0] ? cache[slot].address : "unknown";
	race_end(cache);
	return address;
}

static void *resolver(void *arg)
{
	(void)arg;
	dns_put("example.org", "192.0.2.7");
	race_release(&answered);
	__atomic_store_n(&answered, 1, __ATOMIC_RELEASE);
	return NULL;
}

int main(void)
{
	pthread_t thread;

	race_map_create(cache, "dns cache", RACE_UNSAFE);
	race_label(cache, "answers by host name");
	pthread_create(&thread, NULL, resolver, NULL);
	while (!__atomic_load_n(&answered, __ATOMIC_ACQUIRE))
		sched_yield();
	race_acquire(&answered);
	printf("example.org is %s\n", dns_get("example.org"));
	pthread_join(thread, NULL);
	race_map_destroy(cache);
	return 0;
}
