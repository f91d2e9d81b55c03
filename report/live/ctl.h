/* SPDX-License-Identifier: MIT */
/*
 * ctl.h - the parts of `race ctl`: docs/live.md.
 */
#ifndef RACE_REPORT_CTL_H
#define RACE_REPORT_CTL_H

#include <jansson.h>
#include <stddef.h>

#define CTL_WAIT_S 30

/* ctl_find.c: a connected socket to the process, or -1 with one line on stderr that says why not, and what to do. */
int ctl_connect(int pid);
/* Processes that answer: pids, at most max; those of this user. */
size_t ctl_list(int *pids, size_t max);
int ctl_try(int pid); /* a connected socket, or -1; says nothing */

/* ctl.c: one request and its answer, which is the caller's; NULL with one line on stderr. raw: the line as it came, to be freed. */
json_t *ctl_ask(int socket, const char *request, char **raw);

/* ctl_show.c: answers for people. colour: with escapes. */
void ctl_show_stats(const json_t *answer, int colour);
void ctl_show_health(const json_t *answer, int colour);
void ctl_show_dump(const json_t *answer);

#endif
