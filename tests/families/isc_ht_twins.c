/* SPDX-License-Identifier: MIT */
/* BUILD: -D__GNUC_ATOMICS -DHAVE_UCHAR_H=1 -lisc */
/* isc_ht_twins.c - BIND's isc_ht_t, shared rightly and (racy) wrongly, and its isc_rwlock. See twins.h. */
#include <isc/ht.h>
#include <isc/mem.h>
#include <isc/result.h>
#include <isc/rwlock.h>

#include "family.h"

static isc_mem_t *memory;
static isc_ht_t *table;
static size_t sum;

static void add(const char *key)
{
	isc_ht_add(table, (const unsigned char *)key, (uint32_t)strlen(key), &sum);
}

static void find(const char *key)
{
	void *value = NULL;

	isc_ht_find(table, (const unsigned char *)key, (uint32_t)strlen(key), &value);
}

static void walk(int remove)
{
	isc_ht_iter_t *i = NULL;
	isc_result_t result;

	isc_ht_iter_create(table, &i);
	for (result = isc_ht_iter_first(i); result == ISC_R_SUCCESS;
	     result = remove ? isc_ht_iter_delcurrent_next(i) : isc_ht_iter_next(i))
		sum++;
	isc_ht_iter_destroy(&i);
}

ACCESS(add_a, add("a"))
ACCESS(add_b, add("b"))
ACCESS(find_a, find("first"))
ACCESS(find_b, find("first"))
ACCESS(delete_b, isc_ht_delete(table, (const unsigned char *)"first", 5))
ACCESS(count_b, sum += isc_ht_count(table))
ACCESS(walk_a, walk(0))
ACCESS(walk_b, walk(0))
ACCESS(empty_b, walk(1))
ACCESS(init_a, table = NULL; isc_ht_init(&table, memory, 4, ISC_HT_CASE_SENSITIVE))

LOCK_TWINS(write_write, add_a(), add_b())
LOCK_TWINS(add_find, add_a(), find_b())
LOCK_TWINS(find_add, find_a(), add_b())
LOCK_TWINS(add_delete, add_a(), delete_b())
LOCK_TWINS(add_count, add_a(), count_b())
LOCK_TWINS(write_iterate, add_a(), walk_b())
LOCK_TWINS(walk_add, walk_a(), add_b())
LOCK_TWINS(add_empty, add_a(), empty_b())
RWLOCK_TWINS(rwlock, add_a(), find_b())
JOIN_TWINS(join, add_a(), add_b())

static isc_rwlock_t isc_locks[2];
LOCKED(isc_rwlock_write, isc_rwlock_lock(&isc_locks[L], isc_rwlocktype_write), add_a(),
       isc_rwlock_unlock(&isc_locks[L], isc_rwlocktype_write), isc_rwlock_lock(&isc_locks[L], isc_rwlocktype_write), add_b(),
       isc_rwlock_unlock(&isc_locks[L], isc_rwlocktype_write))
LOCKED(isc_rwlock_read, isc_rwlock_lock(&isc_locks[L], isc_rwlocktype_write), add_a(),
       isc_rwlock_unlock(&isc_locks[L], isc_rwlocktype_write), isc_rwlock_lock(&isc_locks[L], isc_rwlocktype_read), find_b(),
       isc_rwlock_unlock(&isc_locks[L], isc_rwlocktype_read))
LOCKED(isc_rwlock_after_readers, isc_rwlock_lock(&isc_locks[L], isc_rwlocktype_read), find_a(),
       isc_rwlock_unlock(&isc_locks[L], isc_rwlocktype_read), isc_rwlock_lock(&isc_locks[L], isc_rwlocktype_write), add_b(),
       isc_rwlock_unlock(&isc_locks[L], isc_rwlocktype_write))
LOCKED(isc_rwlock_trylock, isc_rwlock_trylock(&isc_locks[L], isc_rwlocktype_write), add_a(),
       isc_rwlock_unlock(&isc_locks[L], isc_rwlocktype_write), isc_rwlock_trylock(&isc_locks[L], isc_rwlocktype_read), find_b(),
       isc_rwlock_unlock(&isc_locks[L], isc_rwlocktype_read))
/* In the racy twin both write under the read lock. */
LOCKED(isc_rwlock_write_under_read_lock, isc_rwlock_lock(&isc_locks[0], isc_rwlocktype_read), (void)(racy ? add_a() : find_a()),
       isc_rwlock_unlock(&isc_locks[0], isc_rwlocktype_read), isc_rwlock_lock(&isc_locks[0], isc_rwlocktype_read), find_b(),
       isc_rwlock_unlock(&isc_locks[0], isc_rwlocktype_read))
LOCKED(isc_rwlock_upgrade, (isc_rwlock_lock(&isc_locks[L], isc_rwlocktype_read), isc_rwlock_tryupgrade(&isc_locks[L])), add_a(),
       (isc_rwlock_downgrade(&isc_locks[L]), isc_rwlock_unlock(&isc_locks[L], isc_rwlocktype_read)),
       (isc_rwlock_lock(&isc_locks[L], isc_rwlocktype_read), isc_rwlock_tryupgrade(&isc_locks[L])), add_b(),
       (isc_rwlock_downgrade(&isc_locks[L]), isc_rwlock_unlock(&isc_locks[L], isc_rwlocktype_read)))

/* The table that one thread has made, the other uses. */
static void *unpublished_a(void *unused)
{
	if (racy)
		init_a();
	gate_open(&a_done);
	return unused;
}
static void *unpublished_b(void *unused)
{
	gate_wait(&a_done, 1);
	find_b();
	return unused;
}

/* An owner that only an atomic counter knows to be the last destroys the table: never a race. The racy twin does not lock. */
static int owners = 2;
static void *last_owner_a(void *unused)
{
	if (!racy)
		pthread_mutex_lock(&mutexes[0]);
	add_a();
	if (!racy)
		pthread_mutex_unlock(&mutexes[0]);
	gate_open(&a_done);
	__atomic_fetch_sub(&owners, 1, __ATOMIC_ACQ_REL);
	return unused;
}
static void *last_owner_b(void *unused)
{
	gate_wait(&a_done, 1);
	if (!racy)
		pthread_mutex_lock(&mutexes[0]);
	add_b();
	if (!racy)
		pthread_mutex_unlock(&mutexes[0]);
	while (__atomic_load_n(&owners, __ATOMIC_ACQUIRE) != 1)
		;
	isc_ht_destroy(&table);
	return unused;
}

static const struct scenario list[] = {
	SIDES(write_write), SIDES(add_find), SIDES(find_add), SIDES(add_delete), SIDES(add_count), SIDES(write_iterate), SIDES(walk_add),
	SIDES(add_empty), SIDES(rwlock), ALONE(join), SIDES(isc_rwlock_write), SIDES(isc_rwlock_read), SIDES(isc_rwlock_after_readers),
	SIDES(isc_rwlock_trylock), SIDES(isc_rwlock_write_under_read_lock), SIDES(isc_rwlock_upgrade), SIDES(unpublished),
	SIDES(last_owner),
};

int main(int argc, char **argv)
{
	isc_mem_create(&memory);
	isc_ht_init(&table, memory, 4, ISC_HT_CASE_SENSITIVE);
	isc_rwlock_init(&isc_locks[0], 0, 0);
	isc_rwlock_init(&isc_locks[1], 0, 0);
	add("first");
	return twins_main(argc, argv, list, sizeof(list) / sizeof(*list));
}
