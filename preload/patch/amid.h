/* SPDX-License-Identifier: MIT */
/*
 * amid.h - is there a symbol among the bytes that a jump would overwrite?
 */
#ifndef RACE_PATCH_AMID_H
#define RACE_PATCH_AMID_H

#include "symbols.h"

/* 1: a symbol of m (its dynamic table; and .symtab of f, unless NULL) lies behind `entry`, but less than five bytes. */
int amid_symbol(const struct elf_module *m, const struct elf_file *f, uintptr_t entry);
/* The module that was asked about last is done with. */
void amid_forget(void);

#endif
