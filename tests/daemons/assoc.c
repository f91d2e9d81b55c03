/* SPDX-License-Identifier: MIT */
/*
 * assoc.c - stands in for a memcached built with symbols: its names, its locks by hash value, in a program called memcached.
 *
 * memcached [forget]: two threads insert and look up items of the same and of different buckets, each under the item lock of
 * its hash; with `forget` one of them inserts without. Functions and table are as in memcached: the table a static
 * variable, the functions global, nothing exported.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../examples/turns.h"

struct item {
	struct item *h_next;
	const char *key;
};

static struct item **primary_hashtable;
static pthread_mutex_t item_locks[4] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
					 PTHREAD_MUTEX_INITIALIZER };

void assoc_init(int power);
struct item *assoc_find(const char *key, size_t nkey, uint32_t hv);
int assoc_insert(struct item *it, uint32_t hv);
void assoc_delete(const char *key, size_t nkey, uint32_t hv);
int assoc_iterate(size_t *bucket, struct item **it);
void item_lock(uint32_t hv);
void item_unlock(uint32_t hv);

__attribute__((noinline)) void assoc_init(int power)
{
	primary_hashtable = calloc(1ul << power, sizeof(*primary_hashtable));
}

__attribute__((noinline)) struct item *assoc_find(const char *key, size_t nkey, uint32_t hv)
{
	struct item *it = primary_hashtable[hv % 16];

	while (it && strncmp(it->key, key, nkey))
		it = it->h_next;
	return it;
}

__attribute__((noinline)) int assoc_insert(struct item *it, uint32_t hv)
{
	it->h_next = primary_hashtable[hv % 16];
	primary_hashtable[hv % 16] = it;
	return 1;
}

__attribute__((noinline)) void assoc_delete(const char *key, size_t nkey, uint32_t hv)
{
	struct item **at = &primary_hashtable[hv % 16];

	while (*at && strncmp((*at)->key, key, nkey))
		at = &(*at)->h_next;
	if (*at)
		*at = (*at)->h_next;
}

/* The first item of the next bucket. The caller need not lock. */
__attribute__((noinline)) int assoc_iterate(size_t *bucket, struct item **it)
{
	if (*bucket == 16)
		return 0;
	item_lock((uint32_t)*bucket);
	*it = primary_hashtable[*bucket];
	item_unlock((uint32_t)*bucket);
	++*bucket;
	return 1;
}

__attribute__((noinline)) void item_lock(uint32_t hv)
{
	pthread_mutex_lock(&item_locks[hv % 4]);
}

__attribute__((noinline)) void item_unlock(uint32_t hv)
{
	pthread_mutex_unlock(&item_locks[hv % 4]);
}

static int forget;
static struct item items[4] = { { NULL, "one" }, { NULL, "two" }, { NULL, "three" }, { NULL, "four" } };

static void store(struct item *it, uint32_t hv, int locked)
{
	if (locked)
		item_lock(hv);
	if (!assoc_find(it->key, strlen(it->key), hv))
		assoc_insert(it, hv);
	if (locked)
		item_unlock(hv);
}

static void *first(void *arg)
{
	struct item *it;
	size_t bucket = 0;

	while (assoc_iterate(&bucket, &it)) /* releases all locks: nothing that `second` takes may come after what it must not see */
		;
	store(&items[0], 5, 1);
	store(&items[1], 6, 1);
	turn_over();
	return arg;
}

/* Other buckets need no order; bucket 5 does. */
static void *second(void *arg)
{
	turn_wait(1);
	store(&items[2], 7, 1);
	store(&items[3], 5, !forget);
	item_lock(6);
	assoc_delete("two", 3, 6);
	item_unlock(6);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t t[2];

	forget = argc > 1 && !strcmp(argv[1], "forget");
	assoc_init(4);
	pthread_create(&t[0], NULL, first, NULL);
	pthread_create(&t[1], NULL, second, NULL);
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	return !assoc_find("four", 4, 5);
}
