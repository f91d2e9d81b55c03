/* SPDX-License-Identifier: MIT */
/*
 * exit.h - how a process ends under librace. See exit.c.
 */
#ifndef RACE_PRELOAD_EXIT_H
#define RACE_PRELOAD_EXIT_H

#include <stdint.h>

void exit_handlers_install(void); /* from the constructor */

/* findings: see finding.c */
void finding_start(void);
unsigned finding_counted(void); /* findings that count for the exit status */
void exit_told(int status);      /* the summary, and the end of the record */
void finding_summary(void);     /* "Found N ..." and what stats=1 and print_suppressions=1 ask for; once */
void finding_forked(void);
void finding_lock(void);
int finding_try_lock(void); /* 1: taken. For onlookers, who do not wait for a slow helper */
void finding_unlock(void);

/* What became of this process's findings so far. */
struct finding_counts {
	uint32_t races, misuses; /* counted for the exit status */
	uint32_t printed, suppressed, below_level, repeated, over_limit, no_room;
	uint32_t race[3];        /* told, by enum record_verdict */
	uint32_t dead_maps, stale_iterators, torn;
};
void finding_counts(struct finding_counts *out);

/* hooks/memory.c and hooks/process.c: what must be looked up before the program runs */
void hooks_resolve_early(void);
void hooks_resolve_mapping(void); /* part of it */

#endif
