/* SPDX-License-Identifier: MIT */
/*
 * objects.h - atomic and volatile objects that a module's debug information knows.
 *
 * An acquire load is a plain mov on x86-64, so that code may show nothing of it. Its type does.
 */
#ifndef RACE_REPORT_OBJECTS_H
#define RACE_REPORT_OBJECTS_H

#include <stddef.h>
#include <stdint.h>

#include "../report.h"

struct object {
	char name[96]; /* "" there is none; a member as "struct::member" */
	char file[256];
	uint32_t line;
};

/* Variables, members and parameters that the user's own files declare as atomic (_Atomic, std::atomic and its kin) or volatile, also
 * through typedefs, arrays, pointers and template arguments. Not what system headers declare. */
struct objects {
	uint32_t atomics, volatiles;
	uint8_t all; /* everything was looked at; else counting ended when there was one of each */
	struct object first_atomic, first_volatile;
};

/* 1; 0 when it is not known: no debug information, more of it than can be read in time, or nothing found in one that cannot tell
 * _Atomic (C, below DWARF 5). Answers are kept by build id. */
int objects_of_module(const struct record_module *m, struct objects *out);

/* The code of that file asks the variable at this address (as its symbol has it), of so many bytes, whether to go on
 * (object_asked.c). */
struct Elf;
int object_is_asked(struct Elf *elf, uint64_t variable, uint64_t size);
int object_in_library(struct Elf *elf); /* the file is no executable */

/* "ready (src/main.c:12)"; "" for none. */
void objects_text(const struct object *o, char *to, size_t cap);

#endif
