/* SPDX-License-Identifier: MIT */
/*
 * describe.c - the note that leads a debugger to the rows of sys/describe.h.
 *
 * A note of the name "librace" lies in the first page of the file, which every core has, and is found by the program headers, which
 * no tool strips. It holds the version of the format, the size of a row, and where the rows begin and end, as distances from these very
 * two fields.
 */
#include "sys/describe.h"

_Static_assert(DESCRIBE_VERSION == 1 && sizeof(struct describe_row) == 56, "as in the note below");

__asm__(".pushsection .note.librace, \"a\", @note\n"
	"	.balign 4\n"
	"	.long 8, 24, 1\n" /* bytes of the name, of what follows it; type */
	"	.asciz \"librace\"\n"
	"	.long 1, 56\n"
	"	.hidden __start_race_describe\n"
	"	.hidden __stop_race_describe\n"
	"	.quad __start_race_describe - .\n"
	"	.quad __stop_race_describe - .\n"
	"	.popsection\n");

static const char version[] = RACE_VERSION;

DESCRIBE_OBJECT(version, version)
