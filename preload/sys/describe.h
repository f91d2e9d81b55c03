/* SPDX-License-Identifier: MIT */
/*
 * describe.h - where a debugger finds what in this process, told by the library itself.
 *
 * Rows of name, value and size, which gdb/librace.py reads out of the memory of a process or of a core: so it needs no debug
 * information, and a change of a struct needs no change of the script. They lie in the section race_describe; a note
 * (preload/describe.c) leads to them. The files that own something describe it themselves. Nothing in the process reads them.
 */
#ifndef RACE_SYS_DESCRIBE_H
#define RACE_SYS_DESCRIBE_H

#include <stddef.h>
#include <stdint.h>

#define DESCRIBE_VERSION 1 /* raised when a row changes its meaning; new rows do not */

struct describe_row {
	char name[40];
	union {
		const void *address;
		uint64_t number;
	} value;
	uint64_t bytes; /* of the object or field; 0 for a plain number */
};
_Static_assert(sizeof(struct describe_row) == 56, "gdb/librace.py reads them so");

#define DESCRIBE_ROW(tag) \
	static const struct describe_row describe_##tag __attribute__((section("race_describe"), used, aligned(8)))
/* A global or static object. */
#define DESCRIBE_OBJECT(tag, object) DESCRIBE_ROW(tag) = { #tag, { .address = &(object) }, sizeof(object) };
/* A field, by its offset. */
#define DESCRIBE_FIELD(type, field) \
	DESCRIBE_ROW(type##_##field) = { #type "." #field, { .number = offsetof(struct type, field) }, sizeof(((struct type *)0)->field) };
#define DESCRIBE_SIZE(type) DESCRIBE_ROW(type##_bytes) = { #type, { .number = sizeof(struct type) }, 0 };
#define DESCRIBE_NUMBER(tag, value) DESCRIBE_ROW(tag) = { #tag, { .number = (value) }, 0 };

#endif
