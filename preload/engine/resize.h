/* SPDX-License-Identifier: MIT */
/*
 * resize.h - which write changed the number of buckets of a map: what access.c asks on its way.
 */
#ifndef RACE_ENGINE_RESIZE_H
#define RACE_ENGINE_RESIZE_H

#include "state.h"

static inline int tells_buckets(const struct race_op *op)
{
	return unlikely(op->kind->capacity != NULL);
}

/* 0: not known. */
static inline uint32_t buckets_now(const struct race_op *op, uintptr_t map)
{
	long n = op->kind->capacity(map);

	return likely(n > 0 && n < UINT32_MAX) ? (uint32_t)n : 0;
}

/* A map that is being made or ended is not looked at. */
static inline int is_whole(const struct race_op *op)
{
	return op->role != ROLE_DESTROY && op->role != ROLE_CREATE;
}

/* A writer comes; its kind can tell. last: the word of the write before it. */
void resize_enter(struct race_cell *c, struct race_op_open *open, uint64_t last);
/* A writer leaves with another number, n, than it came with: before seq says that it has left. 1: noted. */
int resize_noted(const struct race_thread *t, struct race_cell *c, const struct race_op_open *open, uint32_t n);

static inline int resize_leave(const struct race_thread *t, struct race_cell *c, const struct race_op_open *open)
{
	uint32_t n;

	if (likely(!open->buckets) || unlikely(load_relaxed(&c->state) != CELL_LIVE))
		return 0;
	n = buckets_now(open->op, open->map);
	return unlikely(n != open->buckets) && resize_noted(t, c, open, n);
}

/*
 * The resize that belongs to a race. open: the operation has ended and somebody was in the map meanwhile; NULL: it begins.
 *   likely             the earlier access did it, inside its call or after it
 *   certain, at entry  the writer who is inside now has changed the number already
 *   certain, at exit   since this operation began; by itself (own) or by the other one
 */
void resize_of_race(struct race_finding *f, const struct race_cell *table, const struct race_touch *touch, int certain,
		    const struct race_op_open *open, int own);

#endif
