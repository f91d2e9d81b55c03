/* SPDX-License-Identifier: MIT */
/*
 * xml_hash.c - libxml2's xmlHashTable. The rows are xml_hash.def.
 *
 * Accesses   are what hash.c does. The table has no lock; those that libxml2 shares between threads (catalogs) it guards by its
 *            own mutexes, which are pthread ones behind xmlMutexLock and xmlRMutexLock.
 * Callbacks  deallocators, scanners and copiers run inside.
 * Lifetime   memory may come from an allocator that the program gave to xmlMemSetup: so destruction is told by xmlHashFree, too.
 */
#include "../preload/engine/layout.h"
#include "map_rows.h"

static long entries_of(uintptr_t map);
static long capacity_of(uintptr_t map);

static const struct race_kind xml_kind = {
	.name = "xmlHashTable",
	.contract = CONTRACT_UNSAFE,
	.entries = entries_of,
	.capacity = capacity_of,
};
#define HOOK_KIND xml_kind

typedef void xml_fn(void);

/* The private struct _xmlHashTable of 2.9: table 0, size 8, nbElems 12, dict 16. */
struct xml_layout {
	void *table;
	int size, entries;
	void *dict;
};
static int layout; /* 0 not known, 1 as above, -1 some other */

ORIGIN(xml_kind, "libxml2.so.2")
LAYOUT_TYPE(xml_layout, xml_kind, "struct _xmlHashTable", "libxml2 2.9",
	    "the first table made must have buckets, the size it was asked for, no entry and no dictionary")
LAYOUT(xml_layout, table, "table", "the check")
LAYOUT(xml_layout, size, "size", "buckets in reports; growth; the check")
LAYOUT(xml_layout, entries, "nbElems", "the check")
LAYOUT(xml_layout, dict, "dict", "the check")

static void learn(const struct xml_layout *h, int size, const void *caller);

HOOK_EXTRA_OP(xmlHashCopy, copied, &xml_kind, CREATE, WRITE, 0)
#include "xml_hash.def"

static void learn(const struct xml_layout *h, int size, const void *caller)
{
	(void)hook_ask(&hook_xmlHashSize, caller); /* for entries_of, which has no caller to find it by */
	if (likely(load_relaxed(&layout)))
		return;
	store_relaxed(&layout, h->table && h->size == (size > 0 ? size : 256) && !h->entries && !h->dict ? 1 : -1);
}

static long entries_of(uintptr_t map)
{
	__typeof__(&xmlHashSize) size = (__typeof__(&xmlHashSize))hook_known(&hook_xmlHashSize);

	return size ? (long)size((void *)map) : -1;
}

static long capacity_of(uintptr_t map)
{
	return load_relaxed(&layout) == 1 ? (long)load_relaxed(&((const struct xml_layout *)map)->size) : 0;
}
