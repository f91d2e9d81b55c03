/* SPDX-License-Identifier: MIT */
/*
 * found.h - conflicts, and what is made of them: what access.c asks of found.c.
 */
#ifndef RACE_ENGINE_FOUND_H
#define RACE_ENGINE_FOUND_H

#include "state.h"

/* What an access conflicts with. The note is copied at once: recording overwrites it. */
struct conflict {
	uint64_t word; /* 0: none */
	uint32_t stack; /* of the current access, when captured already */
	uint8_t write, certain, captured;
	uint8_t first;  /* of a map that another thread had before: worth a try to catch somebody else there */
	struct race_note note;
};

/* Notes a conflict with the access of that word, unless something orders it after all, or a worse one is known. certain: the other
 * one is inside at this moment, so no order that nobody saw can excuse it. */
void conflict_set(struct conflict *f, const struct race_thread *t, uint64_t word, const struct race_note *note, int write,
		  int certain);
/* A writer comes to a map: a reader of another thread that is held inside makes a conflict. Asked while readers_held. */
extern uint32_t readers_held RACE_HIDDEN;
void meet_readers(struct race_thread *t, struct race_cell *c, struct conflict *f);

/* inside: the operation has begun, and can be held; NULL: it cannot. at_end: it has ended, and own: it has resized the map;
 * NULL, 0: at its beginning. Returns 1 when nothing more is to be found out about it. */
int found_race(struct race_thread *t, const struct race_touch *touch, struct conflict *c, const struct race_op_open *inside,
	       const struct race_op_open *at_end, int own);
/* So many findings on this map came to nothing that this one need not be looked at. */
int doubted_enough(const struct race_cell *c);
/* Keeps the thread inside its operation for that many rounds, or until somebody else came to the map: whoever is second of the two
 * has seen it. 1: somebody did. */
int hold_inside(struct race_thread *t, const struct race_op_open *open, uint32_t stack, uint32_t rounds);

#endif
