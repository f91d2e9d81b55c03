/* SPDX-License-Identifier: MIT */
/*
 * exit.h - how a process ends under librace. See exit.c.
 */
#ifndef RACE_PRELOAD_EXIT_H
#define RACE_PRELOAD_EXIT_H

void exit_handlers_install(void); /* from the constructor */

/* findings: see finding.c */
void finding_start(void);
unsigned finding_counted(void); /* findings that count for the exit status */
void finding_summary(void);     /* "Found N ..." and what stats=1 and print_suppressions=1 ask for; once */
void finding_forked(void);
void finding_lock(void);
void finding_unlock(void);

/* hooks/memory.c and hooks/process.c: what must be looked up before the program runs */
void hooks_resolve_early(void);
void hooks_resolve_mapping(void); /* part of it */

#endif
