/* SPDX-License-Identifier: MIT */
/*
 * told.h - the last findings, as they lie in memory: for the control socket, and for a debugger on the process or on its core.
 *
 * What was told at length went to the log. These are the facts behind it, so that somebody who has only the memory can tell the same.
 */
#ifndef RACE_PRELOAD_TOLD_H
#define RACE_PRELOAD_TOLD_H

#include "engine/engine.h"
#include "engine/record.h"

#define TOLD_KEPT 64

enum told_how { TOLD_PRINTED, TOLD_SUPPRESSED, TOLD_OVER_LIMIT /* max_reports */ };

struct told {
	uint32_t number;   /* 1, 2, ... within the process; 0: being written */
	uint32_t sequence; /* of its record, as the text and JSON have it */
	uint32_t kind, verdict, cause, how; /* enum record_kind, record_verdict, record_cause, told_how */
	uint32_t now_thread, before_thread; /* numbers; RACE_NO_SLOT not known */
	uint32_t now_write, before_write;
	uint32_t now_stack, before_stack, created_stack;
	uint32_t now_nlocks, before_nlocks;
	uint64_t now_locks[RACE_NOTE_LOCKS], before_locks[RACE_NOTE_LOCKS];
	uint64_t map, wall_ns, gap_ns;
	const struct race_kind *map_kind;
	char label[48];
};

/* Report lock held; r is the record of f. */
void told_add(const struct race_finding *f, const struct record *r, enum told_how how);
/* How many were told since start or fork. */
uint32_t told_count(void);
/* Copies finding number n (1 ... told_count()): 1, or 0 when it is no longer kept. Any thread. */
int told_get(uint32_t n, struct told *out);
void told_forked(void);

extern const char *const told_kind_names[4], *const told_verdict_names[3], *const told_cause_names[8];

#endif
