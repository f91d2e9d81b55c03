/* SPDX-License-Identifier: MIT */
/*
 * modules.h - which modules of the process could make an order that nobody sees.
 */
#ifndef RACE_VERDICT_MODULES_H
#define RACE_VERDICT_MODULES_H

#include "../engine/record.h"
#include "scan.h"

/* The synchronisation of this library is known by its functions, or its atomics never order the code that calls it. By the base
 * name of its file. */
int module_is_modelled(const char *path);

/* 1 when the program or a library of its own holds marks of atomics. Looks once; later modules are looked at when they matter.
 * Report lock held. */
int modules_hold_atomics(void);

/*
 * Adds to r's ledger what the code and the debug information of the modules in question say: the program, libraries that do not
 * belong to the system, the modules of r's two stacks, and what those are linked with. At most one entry a kind of mark and
 * module; marks in code make the question about debug information unnecessary. Returns how many entries spoke.
 * Report lock held.
 */
uint32_t modules_weigh(struct record *r);

/* The loop around the call that returns there does nothing but wait for memory to change, or the code behind it asks memory first. */
int module_call_waits(uintptr_t return_address);

#endif
