/* SPDX-License-Identifier: MIT */
/*
 * symbolize_log.h - `race symbolize`: a log's frames, or addresses, with names and lines.
 */
#ifndef RACE_REPORT_SYMBOLIZE_LOG_H
#define RACE_REPORT_SYMBOLIZE_LOG_H

#include <stddef.h>

/* Reports to standard output, each frame resolved as far as it can be. */
void symbolize_text(const char *at, size_t bytes);
/* Records and directories of them (symbolize_record.c): whether it is one; its findings' reports, each once. */
int symbolize_is_record(const char *name);
int symbolize_records(const char *verb, const char *name);

/* The verb: status 0, or 2 for wrong usage and files that cannot be read. */
int symbolize_main(int argc, char **argv);

#endif
