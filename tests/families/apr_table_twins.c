/* SPDX-License-Identifier: MIT */
/* BUILD: apr-1 */
/* apr_table_twins.c - apr_table_t, shared rightly and (racy) wrongly. See twins.h. */
#include <apr_general.h>
#include <apr_tables.h>

#include "family.h"

static apr_pool_t *pool, *pool_b;
static apr_table_t *table, *other;
static int sum;

static int touch(void *to, const char *key, const char *value)
{
	*(int *)to += key[0] + value[0];
	return 1;
}

ACCESS(set_a, apr_table_set(table, "Host", "a"))
ACCESS(set_b, apr_table_set(table, "Via", "b"))
ACCESS(setn_b, apr_table_setn(table, "Via", "b"))
ACCESS(add_b, apr_table_add(table, "Via", "b"))
ACCESS(addn_b, apr_table_addn(table, "Via", "b"))
ACCESS(merge_b, apr_table_merge(table, "Accept", "b"))
ACCESS(mergen_b, apr_table_mergen(table, "Accept", "b"))
ACCESS(unset_b, apr_table_unset(table, "Accept"))
ACCESS(clear_b, apr_table_clear(table))
ACCESS(compress_b, apr_table_compress(table, APR_OVERLAP_TABLES_MERGE))
ACCESS(overlap_b, apr_table_overlap(table, other, APR_OVERLAP_TABLES_SET))
ACCESS(overlap_from_b, apr_table_overlap(other, table, APR_OVERLAP_TABLES_SET))
ACCESS(get_b, apr_table_get(table, "Accept"))
ACCESS(get_a, apr_table_get(table, "Accept"))
ACCESS(getm_b, apr_table_getm(pool_b, table, "Accept"))
ACCESS(is_empty_b, sum += apr_is_empty_table(table))
ACCESS(do_b, apr_table_do(touch, &sum, table, NULL))
ACCESS(do_a, apr_table_do(touch, &sum, table, NULL))
ACCESS(do_some_b, apr_table_do(touch, &sum, table, "Accept", "Via", NULL))
ACCESS(copy_b, apr_table_copy(pool_b, table))
ACCESS(clone_b, apr_table_clone(pool_b, table))
ACCESS(overlay_b, apr_table_overlay(pool_b, other, table))

LOCK_TWINS(write_write, set_a(), set_b())
LOCK_TWINS(set_setn, set_a(), setn_b())
LOCK_TWINS(set_add, set_a(), add_b())
LOCK_TWINS(set_addn, set_a(), addn_b())
LOCK_TWINS(set_merge, set_a(), merge_b())
LOCK_TWINS(set_mergen, set_a(), mergen_b())
LOCK_TWINS(set_unset, set_a(), unset_b())
LOCK_TWINS(set_clear, set_a(), clear_b())
LOCK_TWINS(set_compress, set_a(), compress_b())
LOCK_TWINS(set_overlap, set_a(), overlap_b())
LOCK_TWINS(set_overlap_from, set_a(), overlap_from_b())
LOCK_TWINS(set_get, set_a(), get_b())
LOCK_TWINS(get_set, get_a(), set_b())
LOCK_TWINS(set_getm, set_a(), getm_b())
LOCK_TWINS(set_is_empty, set_a(), is_empty_b())
LOCK_TWINS(write_iterate, set_a(), do_b())
LOCK_TWINS(do_set, do_a(), set_b())
LOCK_TWINS(set_do_some, set_a(), do_some_b())
LOCK_TWINS(set_copy, set_a(), copy_b())
LOCK_TWINS(set_clone, set_a(), clone_b())
LOCK_TWINS(set_overlay, set_a(), overlay_b())
RWLOCK_TWINS(rwlock, set_a(), do_b())
JOIN_TWINS(join, set_a(), set_b())

/* Two readers of a table are no race; the racy twin's one writes. */
static void *readers_a(void *unused)
{
	if (racy)
		set_a();
	get_a();
	do_a();
	gate_open(&a_done);
	return unused;
}
static void *readers_b(void *unused)
{
	gate_wait(&a_done, 1);
	get_b();
	do_b();
	copy_b();
	return unused;
}

static const struct scenario list[] = {
	SIDES(write_write), SIDES(set_setn), SIDES(set_add), SIDES(set_addn), SIDES(set_merge), SIDES(set_mergen), SIDES(set_unset),
	SIDES(set_clear), SIDES(set_compress), SIDES(set_overlap), SIDES(set_overlap_from), SIDES(set_get), SIDES(get_set),
	SIDES(set_getm), SIDES(set_is_empty), SIDES(write_iterate), SIDES(do_set), SIDES(set_do_some), SIDES(set_copy), SIDES(set_clone),
	SIDES(set_overlay), SIDES(rwlock), ALONE(join), SIDES(readers),
};

int main(int argc, char **argv)
{
	apr_initialize();
	apr_pool_create(&pool, NULL);
	apr_pool_create(&pool_b, NULL);
	table = apr_table_make(pool, 4);
	other = apr_table_make(pool, 4);
	apr_table_set(table, "Accept", "text");
	apr_table_set(other, "Accept", "image");
	return twins_main(argc, argv, list, sizeof(list) / sizeof(*list));
}
