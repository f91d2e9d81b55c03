/* SPDX-License-Identifier: MIT */
/*
 * symbolize.h - names, lines and inline frames from DWARF and symbol tables. In the command and the helper only.
 */
#ifndef RACE_REPORT_SYMBOLIZE_H
#define RACE_REPORT_SYMBOLIZE_H

#include "report.h"

/* A resolver whose modules and debug information stay loaded between records. One per process; single-threaded. */
const struct resolver *symbolize_resolver(const char *strip_prefix);

#endif
