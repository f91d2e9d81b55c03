/* SPDX-License-Identifier: MIT */
/*
 * trace.h - the seam through which a recorder sees operations. The engine knows nothing of files and formats.
 *
 * Cost      none while nobody records: a tracer is called where race_multi has RACE_MULTI_TRACE, which leads op_enter to its slow
 *           path by a test that it makes anyway, and the end of an operation by a mark in the operation itself.
 * Calls     are made by the thread itself, inside the guard, with no lock of the engine held.
 */
#ifndef RACE_ENGINE_TRACE_H
#define RACE_ENGINE_TRACE_H

#include "engine.h"

/* Bits of race_multi. */
#define RACE_MULTI_THREADS 1
#define RACE_MULTI_COMPOUND 2 /* look-ups are remembered; never without RACE_MULTI_THREADS */
#define RACE_MULTI_TRACE 4

/* What `nested` of an operation says beside OPEN_COMPOUND: a tracer saw its begin, and what the other fields were. */
#define OPEN_TRACED 4
#define OPEN_READER 8     /* it is a reader, `writer` only leads op_exit here */
#define OPEN_UNCHECKED 16 /* nothing to check at its end; its cell is only there to lead the caller to op_exit */

struct race_tracer {
	/* Before the checks and the real call; c: the map's cell, NULL when it is not known yet. */
	void (*begin)(struct race_thread *t, const struct race_touch *touch, struct race_cell *c);
	/* After the real call, before the checks. */
	void (*end)(struct race_thread *t, const struct race_op_open *open);
	void (*created)(struct race_thread *t, const struct race_op *op, uintptr_t map, struct race_cell *c, uint32_t stack);
	/* Any thread, perhaps without the guard: names of threads, of maps. */
	void (*thread_named)(uint32_t number, const char *name);
	void (*map_named)(struct race_cell *c, uintptr_t map);
};

extern const struct race_tracer *race_tracer RACE_HIDDEN; /* NULL until something is recorded for the first time, then constant */
void trace_switch(int on); /* sets or clears RACE_MULTI_TRACE */

static inline int trace_is_on(void)
{
	return unlikely(load_relaxed(&race_multi) & RACE_MULTI_TRACE);
}

/* For the recorder: what is known of a map. */
struct map_told {
	const struct race_kind *kind;
	char label[48];
	uint32_t gen, created_stack, created_thread;
};
int map_tell(const struct race_cell *c, uintptr_t map, struct map_told *out); /* 0: another map by now */
/* Entries and buckets of a live map after that operation, -1 and 0 when they cannot be asked. */
long map_entries_after(const struct race_op *op, uintptr_t map, uint32_t *buckets);
uint32_t cell_number(const struct race_cell *c); /* below RACE_CELLS_MAX */
uint32_t cell_incarnation(const struct race_cell *c);
#define RACE_CELLS_MAX (1u << 18)

#endif
