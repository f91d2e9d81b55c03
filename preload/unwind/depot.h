/* SPDX-License-Identifier: MIT */
/*
 * depot.h - every different stack once: (op, return addresses) <-> a small id that fits the packed word.
 */
#ifndef RACE_UNWIND_DEPOT_H
#define RACE_UNWIND_DEPOT_H

#include <stddef.h>
#include <stdint.h>

#include "../engine/op.h"

/* ids: ids that may be given out are 1 .. ids - 1. bytes: room for the stacks themselves. 0, or -1 without memory.
 * Called once, before any thread captures. */
int depot_init(uint32_t ids, size_t bytes);

/* The id of this stack, the same one whenever it is asked for; 0 when it is new and there is no room (counted). */
uint32_t depot_intern(const struct race_op *op, const uintptr_t *pcs, unsigned n);

/* Number of return addresses of id, at most max of them copied. 0 for an id that was never given out. */
unsigned depot_frames(uint32_t id, uintptr_t *pcs, unsigned max);
const struct race_op *depot_op(uint32_t id);
int depot_begins(uint32_t id, const struct race_op *op, uintptr_t pc);

void depot_stats(uint64_t *stacks, uint64_t *bytes, uint64_t *lost);

#endif
