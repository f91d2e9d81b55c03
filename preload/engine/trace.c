/* SPDX-License-Identifier: MIT */
/*
 * trace.c - what the recorder may ask of the engine, and the switch.
 *
 * Owns      race_tracer.
 * Must not  look at a map that may be gone: entries are asked for only while its cell says that it lives, and never after a
 *           call that may have ended it.
 */
#include "trace.h"

#include "resize.h"

_Static_assert(RACE_CELLS_MAX >= 1u << CELLS_BITS, "numbers of cells fit");

const struct race_tracer *race_tracer;

void trace_switch(int on)
{
	if (on)
		__atomic_fetch_or(&race_multi, RACE_MULTI_TRACE, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&race_multi, ~(uint32_t)RACE_MULTI_TRACE, __ATOMIC_RELAXED);
}

int map_tell(const struct race_cell *c, uintptr_t map, struct map_told *out)
{
	const struct map_info *i = cell_info(c);
	int same;

	lock_take(&cells_lock);
	same = c->key == map && c->sub == 0;
	out->kind = i->kind;
	out->gen = c->gen;
	out->created_stack = i->created_stack;
	out->created_thread = i->created_thread;
	memcpy(out->label, i->label, sizeof(out->label));
	lock_drop(&cells_lock);
	out->label[sizeof(out->label) - 1] = 0;
	return same;
}

long map_entries_after(const struct race_op *op, uintptr_t map, uint32_t *buckets)
{
	struct race_cell *c;

	*buckets = 0;
	if (op->access != ACCESS_WRITE || !is_whole(op) || (op->flags & OP_MAY_END) || (!op->kind->entries && !op->kind->capacity))
		return -1;
	c = cell_find(map);
	if (!c || (load_relaxed(&c->state) != CELL_LIVE && load_relaxed(&c->state) != CELL_EXEMPT))
		return -1;
	if (op->kind->capacity)
		*buckets = buckets_now(op, map);
	return op->kind->entries ? op->kind->entries(map) : -1;
}

uint32_t cell_number(const struct race_cell *c)
{
	return cell_index(c);
}

uint32_t cell_incarnation(const struct race_cell *c)
{
	return load_relaxed(&c->gen);
}
