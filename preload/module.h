/* SPDX-License-Identifier: MIT */
/*
 * module.h - which file an address belongs to, without the loader's lock.
 */
#ifndef RACE_PRELOAD_MODULE_H
#define RACE_PRELOAD_MODULE_H

#include "engine/record.h"

struct link_map;
const struct link_map *module_first(void); /* head of the loader's list; NULL when it cannot be found */
void module_start(void); /* remembers the executable's real path */
/* Index into r->modules of the module that holds the address, adding it; RECORD_NO_MODULE when none or no room. */
uint32_t module_of(struct record *r, uintptr_t address);
const char *module_program(void); /* its path; "" unknown */
int module_is_librace(uintptr_t address);
int module_is_libc(uintptr_t address);
int module_is_program(uintptr_t address);

#endif
