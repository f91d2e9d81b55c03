/* SPDX-License-Identifier: MIT */
/*
 * functions.h - the functions of an ELF file, for the tests of the decoder and of trampolines.
 */
#ifndef RACE_TESTS_FUNCTIONS_H
#define RACE_TESTS_FUNCTIONS_H

#include <stddef.h>
#include <stdint.h>

struct function {
	const char *name;
	const uint8_t *code; /* in the mapped file */
	uintptr_t address; /* as in the file */
	size_t bytes; /* by its symbol */
	size_t readable; /* to the end of the segment */
};

struct functions {
	const char *name; /* of the file */
	struct function *all;
	size_t n;
};

/* Functions of .dynsym and .symtab, one for each address, by address; those without a size
 * (assembly) too. -1: no such file. */
int functions_read(struct functions *f, const char *path);

#endif
