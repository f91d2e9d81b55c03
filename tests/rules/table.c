/* SPDX-License-Identifier: MIT */
/*
 * table.c - the private table of table.h. Built as a part of a stripped program that exports its symbols, and as a plugin.
 */
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define TABLES 64

struct entry {
	struct entry *next;
	long value;
	char key[];
};

struct table {
	struct own_lock *lock;
	unsigned buckets, entries;
	struct entry **bucket;
	struct own_lock own;
};

/* ---- locks -------------------------------------------------------------------------------------------------------- */

/* 0 free, -1 held, n > 0 held by n readers */
int own_try(struct own_lock *l)
{
	int free_word = 0;

	return __atomic_compare_exchange_n(&l->word, &free_word, -1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void own_lock(struct own_lock *l)
{
	int free_word = 0;

	__atomic_fetch_add(&l->wanted, 1, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&l->word, &free_word, -1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		free_word = 0;
}

void own_unlock(struct own_lock *l)
{
	__atomic_store_n(&l->word, 0, __ATOMIC_RELEASE);
}

void own_read_lock(struct own_lock *l)
{
	int word;

	__atomic_fetch_add(&l->wanted, 1, __ATOMIC_RELAXED);
	word = __atomic_load_n(&l->word, __ATOMIC_RELAXED);
	do {
		while (word < 0)
			word = __atomic_load_n(&l->word, __ATOMIC_RELAXED);
	} while (!__atomic_compare_exchange_n(&l->word, &word, word + 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
}

void own_read_unlock(struct own_lock *l)
{
	__atomic_fetch_sub(&l->word, 1, __ATOMIC_RELEASE);
}

void table_lock(struct table *t)
{
	int free_word = 0;

	__atomic_fetch_add(&t->lock->wanted, 1, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&t->lock->word, &free_word, -1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		free_word = 0;
}

void table_unlock(struct table *t)
{
	__atomic_store_n(&t->lock->word, 0, __ATOMIC_RELEASE);
}

/* ---- the table ------------------------------------------------------------------------------------------------------ */

static struct table pool[TABLES];

struct table *table_new(unsigned buckets)
{
	for (int i = 0; i < TABLES; i++) {
		struct table *t = &pool[i];

		if (!t->bucket) {
			t->bucket = calloc(buckets, sizeof(*t->bucket));
			t->buckets = buckets;
			t->entries = 0;
			t->lock = &t->own;
			return t;
		}
	}
	return NULL;
}

int table_init(struct table **to, unsigned buckets)
{
	*to = table_new(buckets);
	return *to ? 0 : -1;
}

static struct entry **place(const struct table *t, unsigned bucket, const char *key)
{
	struct entry **e = &t->bucket[bucket];

	while (*e && strcmp((*e)->key, key))
		e = &(*e)->next;
	return e;
}

unsigned table_bucket(const struct table *t, const char *key)
{
	unsigned h = 5381;

	while (*key)
		h = h * 33 + (unsigned char)*key++;
	return h % t->buckets;
}

static int put(struct table *t, unsigned bucket, const char *key, long value)
{
	struct entry **e = place(t, bucket, key), *new;
	size_t bytes = strlen(key) + 1;

	if (*e) {
		(*e)->value = value;
		return 0;
	}
	new = malloc(sizeof(*new) + bytes);
	memcpy(new->key, key, bytes);
	new->value = value;
	new->next = NULL;
	*e = new;
	t->entries++;
	return 1;
}

int table_put(struct table *t, const char *key, long value)
{
	return put(t, table_bucket(t, key), key, value);
}

long table_get(const struct table *t, const char *key)
{
	struct entry *e = t->buckets ? *place(t, table_bucket(t, key), key) : NULL;

	return e ? e->value : -1;
}

int table_del(struct table *t, const char *key)
{
	struct entry **e = place(t, table_bucket(t, key), key), *gone = *e;

	if (!gone)
		return 0;
	*e = gone->next;
	free(gone);
	t->entries--;
	return 1;
}

void table_walk(struct table *t, void (*each)(const char *key, long value, void *to), void *to)
{
	for (unsigned i = 0; i < t->buckets; i++) {
		for (struct entry *e = t->bucket[i]; e; e = e->next)
			each(e->key, e->value, to);
	}
}

void table_clear(struct table *t)
{
	for (unsigned i = 0; i < t->buckets; i++) {
		while (t->bucket[i]) {
			struct entry *e = t->bucket[i];

			t->bucket[i] = e->next;
			free(e);
		}
	}
	t->entries = 0;
}

void table_free(struct table *t)
{
	table_clear(t);
	free(t->bucket);
	t->bucket = NULL;
	t->buckets = 0;
}

int table_put_in(struct table *t, unsigned bucket, const char *key, long value)
{
	return put(t, bucket, key, value);
}

long table_get_in(struct table *t, unsigned bucket, const char *key)
{
	struct entry *e = *place(t, bucket, key);

	return e ? e->value : -1;
}

void table_grow(struct table *t)
{
	unsigned buckets = t->buckets * 2;
	struct entry **bucket = calloc(buckets, sizeof(*bucket));
	struct table next = { .buckets = buckets, .bucket = bucket };

	for (unsigned i = 0; i < t->buckets; i++) {
		while (t->bucket[i]) {
			struct entry *e = t->bucket[i], **to;

			t->bucket[i] = e->next;
			to = &bucket[table_bucket(&next, e->key)];
			e->next = *to;
			*to = e;
		}
	}
	free(t->bucket);
	t->bucket = bucket;
	t->buckets = buckets;
}

/* ---- odd argument lists --------------------------------------------------------------------------------------------- */

int table_put_far(long a, long b, long c, long d, long e, long f, const char *key, struct table *t, long value)
{
	return put(t, table_bucket(t, key), key, a + b + c + d + e + f + value);
}

int table_put_bytes(struct table *t, const void *key, size_t bytes, long value)
{
	char text[64] = "";

	memcpy(text, key, bytes < sizeof(text) ? bytes : sizeof(text) - 1);
	return put(t, table_bucket(t, text), text, value);
}

int table_put_number(struct table *t, int key, long value)
{
	char text[16] = { (char)('a' + key % 26 + (key < 0 ? 26 : 0)) };

	return put(t, table_bucket(t, text), text, value);
}

/* format: i an int, l a long, d a double, s a string; each is put under its letter. Returns the sum of all. */
int table_put_all(struct table *t, const char *format, ...)
{
	double sum = 0;
	va_list ap;

	va_start(ap, format);
	for (const char *f = format; *f; f++) {
		char key[2] = { *f };
		double value = *f == 'i' ? va_arg(ap, int) : *f == 'l' ? (double)va_arg(ap, long)
			       : *f == 'd' ? va_arg(ap, double) : (double)strlen(va_arg(ap, const char *));

		put(t, table_bucket(t, key), key, (long)value);
		sum += value;
	}
	va_end(ap);
	return (int)sum;
}

struct table_size table_size(const struct table *t)
{
	struct table_size s = { t->entries, t->buckets, 0 };

	for (unsigned i = 0; i < t->buckets; i++) {
		long n = 0;

		for (struct entry *e = t->bucket[i]; e; e = e->next)
			n++;
		s.longest = n > s.longest ? n : s.longest;
	}
	return s;
}

/* ---- the global table ------------------------------------------------------------------------------------------------ */

struct table users_table;
static struct entry *users_buckets[16];

static struct table *users(void)
{
	users_table.buckets = 16;
	users_table.bucket = users_buckets;
	return &users_table;
}

int users_put(const char *key, long value)
{
	struct table *t = users();

	return put(t, table_bucket(t, key), key, value);
}

long users_get(const char *key)
{
	struct table *t = users();
	struct entry *e = *place(t, table_bucket(t, key), key);

	return e ? e->value : -1;
}
