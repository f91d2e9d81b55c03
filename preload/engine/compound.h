/* SPDX-License-Identifier: MIT */
/*
 * compound.h - operations that are right one by one and wrong together: a look-up, and what is done because of it.
 *
 * Tracked only after compound_start (the option atomicity). Until then race_compound and race_values are 0, race_multi never
 * gets RACE_MULTI_COMPOUND (trace.h), and no call below is made.
 */
#ifndef RACE_ENGINE_COMPOUND_H
#define RACE_ENGINE_COMPOUND_H

#include "engine.h"

extern uint32_t race_compound RACE_HIDDEN; /* 1: look-ups are remembered */
extern uint32_t race_values RACE_HIDDEN;   /* 1: some value that a look-up gave is remembered */

int compound_start(void);       /* 0, or -1 when the kernel gives no memory: nothing is tracked */
void compound_init(int small);  /* forgets everything */
void compound_stop(void);       /* tests: as before compound_start */
void compound_forked(void);     /* in a forked child */

/* Before an operation; c is the map's cell, or NULL. */
void compound_enter(struct race_thread *t, struct race_cell *c, const struct race_touch *touch, struct race_op_open *open);
/* The end of an operation on a concurrent map: what compound_enter opened. */
void compound_leave(struct race_thread *t, struct race_op_open *open);
/* After a look-up that compound_enter saw, inside the guard: whether the key was there, and the value, or 0. */
void compound_looked(struct race_thread *t, const struct race_touch *touch, int found, uintptr_t value);
/* What lies in the value's place: a look-up of a map whose keys are not tracked. */
void compound_value(struct race_thread *t, const struct race_op *op, uintptr_t map, uintptr_t value, const uintptr_t *fp);

/*
 * The memory at block is about to be freed by op. Returns the block that the caller is to free now: this one; or 0, because
 * another thread still knows it as a value, so that it is kept for a while and nobody else can get that address; or another
 * one that was kept long enough.
 */
uintptr_t compound_free(struct race_thread *t, const struct race_op *op, uintptr_t block, const uintptr_t *fp);
/* The block is about to be moved by op: reported when it was freed already, and then it is no longer kept. */
void compound_resize(struct race_thread *t, const struct race_op *op, uintptr_t block, const uintptr_t *fp);
/* Somebody knows this address as a value. A cheap question, to be asked before the two above. */
int compound_knows(uintptr_t block);

#endif
