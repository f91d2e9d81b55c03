/* SPDX-License-Identifier: MIT */
/*
 * disassemble.h - a few instructions around an address, by objdump.
 */
#ifndef RACE_REPORT_DISASSEMBLE_H
#define RACE_REPORT_DISASSEMBLE_H

#include <stdint.h>

#include "../../preload/sys/fmt.h"

/* Lines with the instruction at `address` marked by =>, or, returns, with the one that ends there (the call). start: where the
 * function begins, 0 unknown. 1 lines were added; 0 there is nothing to show. Without objdump: one line on stderr, once. */
int disassemble(const char *verb, const char *path, uint64_t start, uint64_t address, int returns, struct buf *out);

#endif
