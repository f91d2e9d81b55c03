/* SPDX-License-Identifier: MIT */
/*
 * tell.h - stats=1: what of this run's maps was seen, and what was not.
 */
#ifndef RACE_PATCH_TELL_H
#define RACE_PATCH_TELL_H

#include "symbols.h"

/* A module has come, under the loader's lock or before main: what it uses is noted, since it may be gone at the end. Called
 * with stats=1 only. */
void tell_module(const struct elf_module *m);
/* The lines, by emit_line. Once, at the end. */
void tell_maps(void);

#endif
