/* SPDX-License-Identifier: MIT */
/*
 * module.h - which file an address belongs to, without the loader's lock.
 */
#ifndef RACE_PRELOAD_MODULE_H
#define RACE_PRELOAD_MODULE_H

#include "engine/record.h"

#include <link.h>

const struct link_map *module_first(void); /* head of the loader's list; NULL when it cannot be found */
void module_start(void); /* remembers the executable's real path */
/* Index into r->modules of the module that holds the address, adding it; RECORD_NO_MODULE when none or no room. */
uint32_t module_of(struct record *r, uintptr_t address);
/* The build-id note among a module's program headers; NULL, and no bytes, when it has none. */
const uint8_t *module_build_id(uintptr_t base, const ElfW(Phdr) *ph, unsigned n, uint32_t *bytes);
const char *module_program(void); /* its path; "" unknown */
int module_is_librace(uintptr_t address);
int module_is_libc(uintptr_t address);
int module_is_program(uintptr_t address);

#endif
