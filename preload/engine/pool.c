/* SPDX-License-Identifier: MIT */
/*
 * pool.c - see pool.h.
 *
 * Locks     pools_lock guards every pool; it is the innermost lock of the engine and held for a few instructions, or for one
 *           mmap when a class is used for the first time.
 * When full the caller gets NULL and counts.
 */
#include "pool.h"

#include "../sys/atomic.h"
#include "../sys/os.h"

struct lock pools_lock;

static struct pool_block *class_take(struct pool_class *c, uint32_t index)
{
	struct pool_block *b = c->free;

	if (b) {
		c->free = b->next;
	} else {
		if (c->used == c->limit)
			return NULL;
		if (!c->base) {
			c->base = os_map((size_t)c->bytes * c->limit);
			if (!c->base)
				return NULL;
		}
		b = (struct pool_block *)(c->base + (size_t)c->bytes * c->used++);
		store_relaxed(&b->cap, c->cap);
		b->class_index = index;
	}
	b->next = NULL;
	return b;
}

struct pool_block *pool_take(struct pool *p, uint32_t cap)
{
	struct pool_block *b = NULL;

	lock_take(&pools_lock);
	for (uint32_t i = 0; i < POOL_CLASSES; i++) {
		if (p->classes[i].cap >= cap) {
			b = class_take(&p->classes[i], i);
			break;
		}
	}
	lock_drop(&pools_lock);
	return b;
}

void pool_give(struct pool *p, struct pool_block *chain)
{
	lock_take(&pools_lock);
	while (chain) {
		struct pool_block *next = chain->next;
		struct pool_class *c = &p->classes[chain->class_index];

		chain->next = c->free;
		c->free = chain;
		chain = next;
	}
	lock_drop(&pools_lock);
}

void pool_reset(struct pool *p)
{
	for (uint32_t i = 0; i < POOL_CLASSES; i++) {
		struct pool_class *c = &p->classes[i];

		if (c->base)
			os_unmap(c->base, (size_t)c->bytes * c->limit);
		c->base = NULL;
		c->free = NULL;
		c->used = 0;
	}
}
