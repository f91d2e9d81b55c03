/* SPDX-License-Identifier: MIT */
/*
 * symbolize_log.h - `race symbolize`: a log's frames, or addresses, with names and lines.
 */
#ifndef RACE_REPORT_SYMBOLIZE_LOG_H
#define RACE_REPORT_SYMBOLIZE_LOG_H

/* The verb: status 0, or 2 for wrong usage and files that cannot be read. */
int symbolize_main(int argc, char **argv);

#endif
