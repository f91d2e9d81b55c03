/* SPDX-License-Identifier: MIT */
/*
 * mapped.h - how much memory librace has: what os_map gave, and how much of it the process really holds.
 *
 * Counted where mappings are made and given back, which is on slow paths only. The list of mappings has fixed room; one that finds
 * none is counted as mapped and left out of what is resident.
 */
#ifndef RACE_SYS_MAPPED_H
#define RACE_SYS_MAPPED_H

#include <stddef.h>
#include <stdint.h>

void mapped_came(const void *at, size_t bytes);
void mapped_went(const void *at, size_t bytes);
uint64_t mapped_bytes(void);
/* Resident bytes of these mappings; UINT64_MAX when the kernel does not tell. Some 0.1 ms. */
uint64_t mapped_resident(void);
/* The same of any private, writable memory. */
uint64_t mapped_resident_range(uintptr_t lo, uintptr_t hi);

#endif
