/* SPDX-License-Identifier: MIT */
/*
 * format.h - the formats of `race report`, one function each. The table is format.def; help and errors are printed from it.
 *
 * A renderer writes a whole valid document to `to`, also for an empty set, and allocates nothing that outlives it.
 * It writes what it is told: the same set gives the same bytes (no clock, no host name of its own).
 */
#ifndef RACE_REPORT_FORMAT_H
#define RACE_REPORT_FORMAT_H

#include <stdio.h>

#include "../findings/findings.h"

struct format_options {
	const char *source_root;  /* absolute path left out of file names, so that they are relative to the repository; NULL: none */
	int all;                  /* also what does not count for the gate */
	int colour;               /* the output is a terminal that wants it */
};

/* 0, or 2 after one line on stderr. */
typedef int format_function(struct findings *set, const struct format_options *o, FILE *to);

#define FORMAT(name, function, meaning) format_function function;
#include "format.def"
#undef FORMAT

/* FILE without the source root and without a leading "./"; the text itself or a part of it. */
const char *format_path(const struct format_options *o, const char *file);

#endif
