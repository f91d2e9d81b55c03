/* SPDX-License-Identifier: MIT */
/*
 * map.h - what access.c and map.c ask of each other.
 */
#ifndef RACE_ENGINE_MAP_H
#define RACE_ENGINE_MAP_H

#include "state.h"

/* A dead map's header has changed: a new map that nobody saw coming; its cell is renewed. */
int map_reborn(struct race_cell *c, uintptr_t map);
/* This thread is about to destroy this incarnation. */
void map_dying(struct race_thread *t, struct race_cell *c);
/* A creation that is a write of the map: who uses the map without being ordered after it races with it. */
void access_created(struct race_thread *t, struct race_cell *c, const struct race_op *op, uint32_t stack, uintptr_t map);
/* Fills a, of the access with that word; the note, when given, is believed only if it is of this word. */
void access_describe(struct race_access *a, uint64_t word, const struct race_note *note, int write);
/* Fills what a finding says about the map itself and hands it to the embedder, whose answer it returns (engine_found). What was
 * not asked of the finding's own kind is cleared before: finding_begin. */
uint32_t finding_deliver(struct race_thread *t, struct race_finding *f, const struct race_cell *table, const struct race_op *op,
			 uintptr_t map);
static inline void finding_begin(struct race_finding *f, enum race_finding_kind kind, enum race_verdict verdict)
{
	memset(f, 0, sizeof(*f));
	f->kind = kind;
	f->verdict = verdict;
}
/* Tells the resize that the write with that word did, if one was seen. */
void finding_resized(struct race_finding *f, const struct race_cell *table, uint64_t word);
/* The access of an operation that is going on now. */
void access_now(struct race_thread *t, struct race_access *a, const struct race_op *op, uintptr_t key, uint32_t bucket,
		uint32_t stack, uint32_t map_key_kind);

#endif
