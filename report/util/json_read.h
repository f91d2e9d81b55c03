/* SPDX-License-Identifier: MIT */
/*
 * json_read.h - one JSON text into a tree that lies in an arena: for records, a line each.
 *
 * Why not the library that the other verbs use: of 100,000 records of 4 KB each it needs 5.1 s to build the values and as much again to
 * build them for printing; this needs 0.6 s, because values lie side by side and texts stay where they were read. It accepts what RFC 8259
 * says and nothing else; tests hold it against that library.
 */
#ifndef RACE_REPORT_JSON_READ_H
#define RACE_REPORT_JSON_READ_H

#include <stdint.h>

#include "arena.h"

enum jr_type { JR_NULL, JR_FALSE, JR_TRUE, JR_INTEGER, JR_NUMBER /* no integer of 64 bits */, JR_TEXT, JR_ARRAY, JR_OBJECT };

struct jr_value {
	struct jr_value *next, *first; /* in the same array or object; in it */
	const char *key, *text;        /* terminated; may hold NUL bytes all the same */
	uint32_t nkey, n;
	int64_t integer;
	uint8_t type;
	uint8_t plain;                 /* printable ASCII only */
};

/* `text` is written to, must have a byte of room behind it, and has to stay. NULL: *why says what is wrong, *at where. */
struct jr_value *jr_read(struct arena *a, char *text, size_t n, const char **why, size_t *at);

/* Members by name: NULL when there is none, or v is no object. */
const struct jr_value *jr_get(const struct jr_value *v, const char *key);
int64_t jr_integer(const struct jr_value *v, int64_t otherwise);
int jr_is(const struct jr_value *v, const char *text);

#endif
