/* SPDX-License-Identifier: MIT */
/*
 * helper_host.h - what emit.c, helper_host.c and names.c ask of each other.
 */
#ifndef RACE_PRELOAD_HELPER_HOST_H
#define RACE_PRELOAD_HELPER_HOST_H

#include "../report/report.h"
#include "engine/record.h"

/* ---- emit.c -------------------------------------------------------------------------------------------------------- */

/* Where text goes now: a verified descriptor, or -1. Opens the log at the first call. */
int emit_descriptor(void);
/* The same for the helper: a descriptor that is open, and the path of the log where that has yet to be opened (else ""). */
int emit_for_helper(char *path, unsigned long cap);
/* A line for record_append, with no signal for the program. */
void emit_append(int fd, const char *line, unsigned long bytes);
const struct suppressions *emit_rules(void);
/* The lowest number from which descriptors of ours are asked for: out of the program's way. */
int emit_high_fd(int fd);    /* moves fd up, close-on-exec; the old number is closed. -errno */
/* device and inode of an open descriptor: 1 when it is still the file it was. */
struct file_id {
	uint64_t device, inode;
};
int file_id_of(int fd, struct file_id *out); /* 0, or -errno */
int file_is(int fd, const struct file_id *id);
int emit_is_sandboxed(void);

/* ---- helper_host.c -------------------------------------------------------------------------------------------------- */

enum helper_answer { HELPER_NONE /* nothing was or will be printed: render here */, HELPER_PRINTED, HELPER_SUPPRESSED,
		     HELPER_LOST /* it died while it wrote: the text counts as printed, the record can be asked */ };
enum helper_answer helper_send(const struct record *r, int *rule);
/* What the debug information of that module says; 0 when there is no answer: not now, or (out->known) not at all. */
int helper_ask_objects(const struct record_module *m, struct helper_objects *out);
uint32_t helper_failed_starts(void);
void helper_outdated(void); /* the suppressions are others now. Report lock held */
void helper_set_path(const char *path); /* tests; helper_locate does it for real */

/* ---- pending.c ------------------------------------------------------------------------------------------------------ */

/* From the outermost begin to its end a report is on its way: a deadly signal whose action is the default one waits for it (5 s at most). */
void pending_begin(void);
void pending_end(void);
void pending_forked(void);

/* ---- names.c ---------------------------------------------------------------------------------------------------------- */

/* Names from the dynamic symbol tables of the process itself. */
void names_start(void);
extern const struct resolver names_of_host;
/* Absolute path of the module this code is in. Length, or 0. */
size_t own_path(char *to, size_t cap);

#endif
