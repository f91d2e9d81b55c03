/* SPDX-License-Identifier: MIT */
/* BUILD: apr-1 */
/* apr_hash_twins.c - apr_hash_t, shared rightly and (racy) wrongly. See twins.h. */
#include <apr_atomic.h>
#include <apr_general.h>
#include <apr_hash.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_rwlock.h>

#include "family.h"

static apr_pool_t *pool, *pool_b;
static apr_hash_t *table, *other;

static int touch(void *sum, const void *key, apr_ssize_t bytes, const void *value)
{
	*(int *)sum += *(const int *)value;
	return 1;
}

static int values[4] = { 1, 2, 3, 4 };
static int sum;

ACCESS(set_a, apr_hash_set(table, "a", APR_HASH_KEY_STRING, &values[0]))
ACCESS(set_b, apr_hash_set(table, "b", APR_HASH_KEY_STRING, &values[1]))
ACCESS(set_bytes_b, apr_hash_set(table, "\1\2\3", 3, &values[1]))
ACCESS(remove_b, apr_hash_set(table, "first", APR_HASH_KEY_STRING, NULL))
ACCESS(get_b, apr_hash_get(table, "first", APR_HASH_KEY_STRING))
ACCESS(get_a, apr_hash_get(table, "first", APR_HASH_KEY_STRING))
ACCESS(count_b, sum += (int)apr_hash_count(table))
ACCESS(clear_b, apr_hash_clear(table))
ACCESS(do_b, apr_hash_do(touch, &sum, table))
ACCESS(copy_b, apr_hash_copy(pool_b, table))
ACCESS(overlay_b, apr_hash_overlay(pool_b, other, table))
ACCESS(merge_b, apr_hash_merge(pool_b, table, other, NULL, NULL))
ACCESS(walk_b, for (apr_hash_index_t *i = apr_hash_first(pool_b, table); i; i = apr_hash_next(i)) sum++)
ACCESS(walk_a, for (apr_hash_index_t *i = apr_hash_first(pool, table); i; i = apr_hash_next(i)) sum++)
ACCESS(walk_inside, for (apr_hash_index_t *i = apr_hash_first(NULL, table); i; i = apr_hash_next(i)) sum++)
ACCESS(walk_inside_too, for (apr_hash_index_t *i = apr_hash_first(NULL, table); i; i = apr_hash_next(i)) sum++)
ACCESS(make_a, table = apr_hash_make(pool))

LOCK_TWINS(write_write, set_a(), set_b())
LOCK_TWINS(set_set_bytes, set_a(), set_bytes_b())
LOCK_TWINS(set_get, set_a(), get_b())
LOCK_TWINS(get_set, get_a(), set_b())
LOCK_TWINS(set_remove, set_a(), remove_b())
LOCK_TWINS(set_count, set_a(), count_b())
LOCK_TWINS(set_clear, set_a(), clear_b())
LOCK_TWINS(write_iterate_do, set_a(), do_b())
LOCK_TWINS(write_iterate, set_a(), walk_b())
LOCK_TWINS(walk_set, walk_a(), set_b())
LOCK_TWINS(set_copy, set_a(), copy_b())
LOCK_TWINS(set_overlay, set_a(), overlay_b())
LOCK_TWINS(set_merge, set_a(), merge_b())
RWLOCK_TWINS(rwlock, set_a(), get_b())
/* Both hold the lock in read mode. In the racy twin they walk by the table's own iterator, which is a write. */
LOCKED(walk_inside_is_a_write, pthread_rwlock_rdlock(&rwlocks[0]), (void)(racy ? walk_inside() : walk_a()),
       pthread_rwlock_unlock(&rwlocks[0]), pthread_rwlock_rdlock(&rwlocks[0]), (void)(racy ? walk_inside_too() : walk_b()),
       pthread_rwlock_unlock(&rwlocks[0]))
JOIN_TWINS(join, set_a(), set_b())

/* APR's own synchronisation. */
static apr_thread_mutex_t *apr_mutexes[2];
static apr_thread_rwlock_t *apr_rwlocks[2];
LOCKED(apr_thread_mutex, apr_thread_mutex_lock(apr_mutexes[L]), set_a(), apr_thread_mutex_unlock(apr_mutexes[L]),
       apr_thread_mutex_lock(apr_mutexes[L]), set_b(), apr_thread_mutex_unlock(apr_mutexes[L]))
LOCKED(apr_thread_rwlock, apr_thread_rwlock_wrlock(apr_rwlocks[L]), set_a(), apr_thread_rwlock_unlock(apr_rwlocks[L]),
       apr_thread_rwlock_rdlock(apr_rwlocks[L]), get_b(), apr_thread_rwlock_unlock(apr_rwlocks[L]))

#define touch_a set_a
#define touch_b set_b
static volatile apr_uint32_t flag32;
static void *volatile flag_pointer;
HANDOVER(apr_atomic_set32, apr_atomic_set32(&flag32, 1), while (!apr_atomic_read32(&flag32)))
HANDOVER(apr_atomic_inc32, apr_atomic_inc32(&flag32), apr_atomic_dec32(&flag32))
HANDOVER(apr_atomic_cas32, apr_atomic_cas32(&flag32, 1, 0), apr_atomic_cas32(&flag32, 2, 1))
HANDOVER(apr_atomic_casptr, apr_atomic_casptr((void *)&flag_pointer, &sum, NULL), apr_atomic_xchgptr((void *)&flag_pointer, NULL))

/* A table made by one thread and used by another without a hand-over. */
static void *unpublished_a(void *unused)
{
	if (racy)
		make_a();
	gate_open(&a_done);
	return unused;
}
static void *unpublished_b(void *unused)
{
	gate_wait(&a_done, 1);
	get_b();
	return unused;
}

/* The pool is cleared, and its memory is a new table: nothing is held against it. In the racy twin it is the same table. */
static void *cleared_pool_a(void *unused)
{
	set_a();
	if (!racy) {
		apr_pool_clear(pool);
		table = apr_hash_make(pool);
		pthread_mutex_lock(&mutexes[0]);
		pthread_mutex_unlock(&mutexes[0]);
	}
	gate_open(&a_done);
	return unused;
}
static void *cleared_pool_b(void *unused)
{
	gate_wait(&a_done, 1);
	pthread_mutex_lock(&mutexes[0]);
	if (racy) {
		pthread_mutex_unlock(&mutexes[0]);
		set_b();
	} else {
		set_b();
		pthread_mutex_unlock(&mutexes[0]);
	}
	return unused;
}

static const struct scenario list[] = {
	SIDES(write_write), SIDES(set_set_bytes), SIDES(set_get), SIDES(get_set), SIDES(set_remove), SIDES(set_count), SIDES(set_clear),
	SIDES(write_iterate_do), SIDES(write_iterate), SIDES(walk_set), SIDES(set_copy), SIDES(set_overlay), SIDES(set_merge), SIDES(rwlock),
	SIDES(walk_inside_is_a_write), ALONE(join), SIDES(apr_thread_mutex), SIDES(apr_thread_rwlock), SIDES(apr_atomic_set32),
	SIDES(apr_atomic_inc32), SIDES(apr_atomic_cas32), SIDES(apr_atomic_casptr), SIDES(unpublished), SIDES(cleared_pool),
};

int main(int argc, char **argv)
{
	apr_initialize();
	apr_pool_create(&pool, NULL);
	apr_pool_create(&pool_b, NULL);
	for (int i = 0; i < 2; i++) {
		apr_thread_mutex_create(&apr_mutexes[i], APR_THREAD_MUTEX_DEFAULT, pool_b);
		apr_thread_rwlock_create(&apr_rwlocks[i], pool_b);
	}
	table = apr_hash_make(pool);
	other = apr_hash_make(pool);
	apr_hash_set(table, "first", APR_HASH_KEY_STRING, &values[2]);
	apr_hash_set(other, "first", APR_HASH_KEY_STRING, &values[3]);
	return twins_main(argc, argv, list, sizeof(list) / sizeof(*list));
}
