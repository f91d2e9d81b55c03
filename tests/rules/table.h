/* SPDX-License-Identifier: MIT */
/*
 * table.h - a hash table and locks as programs write them for themselves: nobody but a rules file knows them.
 */
#ifndef TESTS_TABLE_H
#define TESTS_TABLE_H

#include <stddef.h>

struct table;

/* Tables come from a pool of the program's own, so that no free() tells when one dies. */
struct table *table_new(unsigned buckets);
int table_init(struct table **to, unsigned buckets);
void table_free(struct table *t);

int table_put(struct table *t, const char *key, long value);
long table_get(const struct table *t, const char *key);
int table_del(struct table *t, const char *key);
void table_walk(struct table *t, void (*each)(const char *key, long value, void *to), void *to);
void table_clear(struct table *t);

/* For callers who hold the lock of the bucket. */
unsigned table_bucket(const struct table *t, const char *key);
int table_put_in(struct table *t, unsigned bucket, const char *key, long value);
long table_get_in(struct table *t, unsigned bucket, const char *key);
void table_grow(struct table *t);

/* Odd argument lists: the table behind six others, a key with a length, a list without end, a structure as the result. */
int table_put_far(long a, long b, long c, long d, long e, long f, const char *key, struct table *t, long value);
int table_put_bytes(struct table *t, const void *key, size_t bytes, long value);
int table_put_number(struct table *t, int key, long value);
int table_put_all(struct table *t, const char *format, ...);
struct table_size {
	long entries, buckets, longest;
};
struct table_size table_size(const struct table *t);

/* The one global table, which no argument names. */
int users_put(const char *key, long value);
long users_get(const char *key);

/* Locks of inline atomics. */
struct own_lock {
	int word, wanted; /* wanted: how often; also, a function that loops to its very first bytes could not be attached */
};
void own_lock(struct own_lock *l);
int own_try(struct own_lock *l); /* 1: got it */
void own_unlock(struct own_lock *l);
void own_read_lock(struct own_lock *l);
void own_read_unlock(struct own_lock *l);
/* The lock that a table carries, reached through the table. */
void table_lock(struct table *t);
void table_unlock(struct table *t);

#endif
