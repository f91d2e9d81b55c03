/* SPDX-License-Identifier: MIT */
/* BUILD: libxml-2.0 */
/* xml_hash_twins.c - libxml2's hash table. See family.h. */
#include <libxml/hash.h>
#include <libxml/parser.h>

#include "family.h"

static xmlHashTablePtr table;
static int seen;
#define K(name) ((const xmlChar *)(name))

static void visit(void *value, void *user, const xmlChar *name)
{
	seen += (value == user) + xmlStrlen(name);
}
static void visit_full(void *value, void *user, const xmlChar *name, const xmlChar *name2, const xmlChar *name3)
{
	seen += (value == user) + xmlStrlen(name);
}
static void *copied(void *value, const xmlChar *name)
{
	return value;
}

ACCESS(insert_a, xmlHashAddEntry(table, K("alder"), &seen))
ACCESS(insert_b, xmlHashAddEntry2(table, K("birch"), K("leaf"), &seen))
ACCESS(remove_b, xmlHashRemoveEntry(table, K("cedar"), NULL))
ACCESS(lookup_a, seen += xmlHashLookup(table, K("elm")) != NULL)
ACCESS(lookup_b, seen += xmlHashLookup(table, K("elm")) != NULL)
ACCESS(iterate_a, xmlHashScan(table, visit, NULL))
ACCESS(iterate_b, xmlHashScanFull(table, visit_full, NULL))
ACCESS(destroy_b, xmlHashFree(table, NULL))
STANDARD_TWINS

ACCESS(update_b, xmlHashUpdateEntry(table, K("elm"), &table, NULL))
ACCESS(lookup3_b, seen += xmlHashLookup3(table, K("elm"), K("leaf"), K("green")) != NULL)
ACCESS(lookup_q_b, seen += xmlHashQLookup(table, K("tree"), K("elm")) != NULL)
ACCESS(size_b, seen += xmlHashSize(table))
ACCESS(copy_b, xmlHashFree(xmlHashCopy(table, copied), NULL))
ACCESS(scan3_b, xmlHashScan3(table, K("elm"), NULL, NULL, visit, NULL))
LOCK_TWINS(write_write_update, insert_a(), update_b())
LOCK_TWINS(write_read_three_names, insert_a(), lookup3_b())
LOCK_TWINS(write_read_prefix, insert_a(), lookup_q_b())
LOCK_TWINS(write_read_size, insert_a(), size_b())
LOCK_TWINS(write_iterate_copy, insert_a(), copy_b())
LOCK_TWINS(write_iterate_scan3, insert_a(), scan3_b())

static const struct scenario list[] = {
	STANDARD_LIST, SIDES(write_write_update), SIDES(write_read_three_names), SIDES(write_read_prefix),
	SIDES(write_read_size), SIDES(write_iterate_copy), SIDES(write_iterate_scan3),
};

int main(int argc, char **argv)
{
	table = xmlHashCreate(8);
	xmlHashAddEntry(table, K("cedar"), &seen);
	xmlHashAddEntry(table, K("elm"), &seen);
	return twins_main(argc, argv, list, sizeof list / sizeof *list);
}
