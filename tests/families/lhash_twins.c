/* SPDX-License-Identifier: MIT */
/* BUILD: libcrypto */
/* lhash_twins.c - a table of strings of OpenSSL's LHASH. See family.h. */
#include <openssl/lhash.h>

#include "family.h"

static OPENSSL_LHASH *table;
static char keys[8][8] = { "alder", "birch", "cedar", "elm", "fir", "hazel" };
static unsigned long seen;

static void visit(void *item)
{
	seen += strlen(item);
}

ACCESS(insert_a, OPENSSL_LH_insert(table, keys[0]))
ACCESS(insert_b, OPENSSL_LH_insert(table, keys[1]))
ACCESS(remove_b, OPENSSL_LH_delete(table, keys[2]))
ACCESS(lookup_a, seen += OPENSSL_LH_retrieve(table, keys[3]) != NULL)
ACCESS(lookup_b, seen += OPENSSL_LH_retrieve(table, keys[3]) != NULL)
ACCESS(iterate_a, OPENSSL_LH_doall(table, visit))
ACCESS(iterate_b, OPENSSL_LH_doall(table, visit))
ACCESS(destroy_b, OPENSSL_LH_free(table))
STANDARD_TWINS

ACCESS(size_b, seen += OPENSSL_LH_num_items(table))
ACCESS(flush_b, OPENSSL_LH_flush(table))
ACCESS(load_b, OPENSSL_LH_set_down_load(table, 0))
LOCK_TWINS(write_write_flush, insert_a(), flush_b())
LOCK_TWINS(write_write_down_load, insert_a(), load_b())
LOCK_TWINS(write_read_size, insert_a(), size_b())

static const struct scenario list[] = {
	STANDARD_LIST, SIDES(write_write_flush), SIDES(write_write_down_load), SIDES(write_read_size),
};

int main(int argc, char **argv)
{
	UNSEEN("write_read_size")
	table = OPENSSL_LH_new((OPENSSL_LH_HASHFUNC)OPENSSL_LH_strhash, (OPENSSL_LH_COMPFUNC)strcmp);
	for (int i = 2; i < 6; i++)
		OPENSSL_LH_insert(table, keys[i]);
	return twins_main(argc, argv, list, sizeof list / sizeof *list);
}
