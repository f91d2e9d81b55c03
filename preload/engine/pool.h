/* SPDX-License-Identifier: MIT */
/*
 * pool.h - blocks of a few sizes, for clocks and readers.
 *
 * Each class is one lazily backed mapping, made when first needed, never returned: a late reader of a block that was given
 * back finds memory of the same class, so `cap` of a block never changes. A larger block that replaces a smaller one
 * keeps it chained behind, because somebody may still be reading it; pool_give returns the whole chain.
 */
#ifndef RACE_ENGINE_POOL_H
#define RACE_ENGINE_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "../sys/lock.h"

struct pool_block {
	struct pool_block *next; /* in use: the smaller block it replaced; free: next free one */
	uint32_t cap;            /* entries */
	uint32_t class_index;
};

#define POOL_CLASSES 5

struct pool_class {
	uint32_t cap, bytes, limit; /* entries and bytes of a block; blocks at most */
	uint32_t used;
	uint8_t *base;
	struct pool_block *free;
};

struct pool {
	struct pool_class classes[POOL_CLASSES];
};

extern struct lock pools_lock;

/* A block of at least cap entries, not cleared; NULL when that class is used up. */
struct pool_block *pool_take(struct pool *p, uint32_t cap);
void pool_give(struct pool *p, struct pool_block *chain);
/* Unmaps everything (tests start over). */
void pool_reset(struct pool *p);

#endif
