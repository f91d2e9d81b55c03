/* SPDX-License-Identifier: MIT */
/*
 * apr_table.c - apr_table_t, the string tables of the Apache Portable Runtime (headers, environments, notes of httpd). The
 * rows are apr_table.def.
 *
 * Lifetime   as in apr_hash.c: the pool's.
 */
#include <stdarg.h>

#include "../preload/engine/layout.h"
#include "apr.h"

static long entries_of(uintptr_t map);

static const struct race_kind table_kind = {
	.name = "apr_table_t",
	.contract = CONTRACT_UNSAFE,
	.entries = entries_of,
};
#define HOOK_KIND table_kind

#define OVERLAP_ADD 2 /* APR_OVERLAP_TABLES_ADD */

/* A table begins with an apr_array_header_t, which is public, and apr_table_elts promises that it is one. */
struct array_layout {
	void *pool;
	int bytes, entries, room;
	void *elements;
};
#define ENTRY_BYTES 24 /* apr_table_entry_t, public too: key, value, checksum */

ORIGIN(table_kind, "libapr-1.so.0")
LAYOUT_TYPE(array_layout, table_kind, "apr_array_header_t", "APR 1", "each time: entries are 24 bytes long")
LAYOUT(array_layout, bytes, "elt_size", "the check")
LAYOUT(array_layout, entries, "nelts", "entries in reports")
SIZE(table_kind, NULL, SIZE_AT(array_layout, entries), SIZE_NONE, SIZE_NONE, 0)

static long entries_of(uintptr_t map)
{
	const struct array_layout *a = (const struct array_layout *)map;

	return load_relaxed(&a->bytes) == ENTRY_BYTES ? load_relaxed(&a->entries) : -1;
}

#include "apr_table.def"

/* apr_table_do is apr_table_vdo with the keys as arguments, and is called as that. */
RACE_EXPORT int apr_table_do(const void *f, void *user, const void *h, ...);
HOOK_SLOT(apr_table_do)
HOOK_OP(apr_table_do, &table_kind, ITERATE, READ, KEY_NONE, OP_INTERVAL)
int apr_table_do(const void *f, void *user, const void *h, ...)
{
	__typeof__(&apr_table_vdo) real = REAL(apr_table_vdo);
	struct race_thread *t;
	struct race_op_open open;
	va_list keys;
	int result;

	(void)REAL(apr_table_do); /* the report names it by its entry */
	open.cell = NULL;
	t = thread_enter();
	if (likely(t != NULL))
		hook_op_enter(t, &op_apr_table_do, KEY(h), 0, RACE_NO_BUCKET, FRAME, &open);
	va_start(keys, h);
	result = real(f, user, h, keys);
	va_end(keys);
	if (likely(t != NULL))
		hook_op_exit(t, &open);
	return result;
}

/* Appends b's entries to a, then compresses a. */
RACE_EXPORT void apr_table_overlap(void *a, const void *b, unsigned how);
HOOK_EXTRA_OP(apr_table_overlap, source, &table_kind, ITERATE, READ, 0)
HOOK_SLOT(apr_table_overlap)
HOOK_OP(apr_table_overlap, &table_kind, INSERT, WRITE, KEY_NONE, 0)
void apr_table_overlap(void *a, const void *b, unsigned how)
{
	__typeof__(&apr_table_overlap) real = REAL(apr_table_overlap);
	struct race_thread *t = thread_enter();
	struct apr_two o;

	if (unlikely(!t)) {
		real(a, b, how);
		return;
	}
	apr_two_enter(t, &o, &op_apr_table_overlap, KEY(a), &op_source_apr_table_overlap, KEY(b), FRAME);
	real(a, b, how);
	apr_two_exit(t, &o);
}
