/* SPDX-License-Identifier: MIT */
/*
 * layout.h - what the adapters read in memory that belongs to a library, told for `race info`.
 *
 * An adapter that looks into a library's struct describes, next to its own struct of that layout, each field that it uses:
 *
 *   LAYOUT_TYPE(hash_layout, hash_kind, "struct _GHashTable", "GLib 2.60 and later", "how a run makes sure of it")
 *   LAYOUT(hash_layout, entries, "nnodes", "what for")
 *
 * Offset and size are taken from the struct that the code uses, so that what is told is what is done. The rows lie in the
 * section race_layouts; nothing in the process reads them. ORIGIN names the library that has a family's functions, for
 * the same purpose, in the section race_origins: a SONAME, or a glob where it varies.
 */
#ifndef RACE_ENGINE_LAYOUT_H
#define RACE_ENGINE_LAYOUT_H

#include "op.h"

/* A struct of a library, as far as it is read. */
struct race_layout_type {
	const struct race_kind *kind;
	const char *name;     /* as the library calls it */
	const char *versions; /* that have it so */
	const char *check;    /* how a run makes sure, before it believes any field */
};

struct race_layout {
	const struct race_layout_type *of;
	const char *field; /* as the library calls it */
	const char *use;
	uint32_t offset, bytes;
};

struct race_origin {
	const struct race_kind *kind;
	const char *library;
};

#define LAYOUT_TYPE(tag, map_kind, type_name, in_versions, how_checked)                                              \
	static const struct race_layout_type layout_type_##tag = {&map_kind, type_name, in_versions, how_checked};
#define LAYOUT(tag, member, field_name, what_for)                                                                    \
	static const struct race_layout layout_row_##tag##_##member                                                  \
		__attribute__((section("race_layouts"), used, aligned(8))) = {                                       \
			&layout_type_##tag, field_name, what_for, (uint32_t)offsetof(struct tag, member),            \
			(uint32_t)sizeof(((struct tag *)0)->member)};
/*
 * SIZE: where the header of a map keeps how large it is, for onlookers (view.h, gdb), who must not call entries() and capacity() of
 * the kind. known: the adapter's own variable that says 1 when the layout was confirmed; NULL: it needs no confirmation.
 */
struct race_field {
	uint16_t offset, bytes; /* bytes 0: it has none */
};
struct race_size {
	const struct race_kind *kind;
	const int *known;
	struct race_field entries, buckets, used; /* used: places taken, those of removed entries included */
	int32_t buckets_more;                     /* to be added */
};
#define SIZE_AT(tag, member) { (uint16_t)offsetof(struct tag, member), (uint16_t)sizeof(((struct tag *)0)->member) }
#define SIZE_NONE { 0, 0 }
#define SIZE(map_kind, is_known, entries_at, buckets_at, used_at, more)                                              \
	static const struct race_size size_of_##map_kind                                                             \
		__attribute__((section("race_sizes"), used, aligned(8))) = {&map_kind, is_known, entries_at, buckets_at, used_at, more};
#define ORIGIN(map_kind, file)                                                                                       \
	static const struct race_origin origin_of_##map_kind                                                         \
		__attribute__((section("race_origins"), used, aligned(8))) = {&map_kind, file};

#endif
