/* SPDX-License-Identifier: MIT */
/*
 * emit.h - where run-time text goes, and the way of a record to the reader.
 */
#ifndef RACE_PRELOAD_EMIT_H
#define RACE_PRELOAD_EMIT_H

#include "engine/record.h"

/* Duplicates stderr (close-on-exec, high number) and remembers what file it is; or, with log_path, opens PATH.PID at the
 * first line. Start-up and forked child. */
void emit_start(void);
void emit_forked(void);
/* One whole line or report, one write. Nothing happens when stderr was closed at start. */
void emit_text(const char *text, unsigned long bytes);
/* One line: a file that the user named in option `what` cannot be used. */
void emit_complain(const char *what, const char *path, long error);
/* An option's path, absolute: the program may change its directory before it is used. 0 when it is too long. */
int emit_absolute(const char *path, char *to, unsigned long cap);
void emit_line(const char *line); /* "librace: " is not added; '\n' is */

/* Start-up: where the helper is (beside librace.so, ../bin/race, ../../bin/race, the installed prefix); never PATH. */
void helper_locate(void);
/* Sends the record to the helper (started at the first one) and waits until its text is written; renders here when
 * there is none. Returns the index of the suppression that swallowed it, or -1 when it was printed. Caller holds the
 * report lock. After sandboxed() no process is started any more. */
int emit_record(const struct record *r);
void emit_sandboxed(void);
/* Reads the suppressions file once more: 0, and *n is set; or -errno, and nothing has changed. complain gets one line for each bad
 * place. Report lock held; any thread. */
long emit_reload(void (*complain)(const char *line), uint32_t *n);
/* print_suppressions=1: one line per rule, matched (how often) or unused. */
void emit_suppressions(void);
/* In the forked child: the parent's helper is not ours. */
void helper_forked(void);

#endif
