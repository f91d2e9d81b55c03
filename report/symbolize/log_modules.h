/* SPDX-License-Identifier: MIT */
/*
 * log_modules.h - the files behind the module names of a log.
 */
#ifndef RACE_REPORT_LOG_MODULES_H
#define RACE_REPORT_LOG_MODULES_H

#include <stddef.h>

#include "log.h"

struct log_module {
	char *name;  /* as in the log */
	char *build; /* build-id that it has to have, from a record; NULL: a text log does not tell */
	char *path;  /* NULL: not found, or another build */
	int given;   /* by --binary */
	unsigned compared; /* frames whose names were looked for in it */
};

/* A file that was named. 0, or -1 with one line on stderr: it is no 64-bit x86-64 program or library. */
int log_modules_add(const char *verb, const char *file);
size_t log_modules_given(void);
const char *log_modules_given_path(size_t i);

/* The module of a frame that names one; NULL: nothing is known of it. */
struct log_module *log_module_find(const char *name, size_t n);
/*
 * Records know of which build each module was: from here on, a module of that name is the file with that build-id, or the debug file of
 * it. `path` (NULL: not known) is where the process had it. log_modules_expect_none: of the next finding nothing is known yet.
 */
void log_modules_expect(const char *name, const char *build_id, const char *path);
void log_modules_expect_none(void);
/* Where debug files lie: absolute directories with colons between; stays the caller's. */
void log_modules_debug_directories(const char *list);
/* Is the frame's name where the file has it? If not, the file is of another build, and is not used: one line on stderr. */
void log_module_compare(const char *verb, struct log_module *m, const struct log_frame *f);

#endif
