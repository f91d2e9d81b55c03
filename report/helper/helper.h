/* SPDX-License-Identifier: MIT */
/*
 * helper.h - the parts of the `race` command.
 */
#ifndef RACE_REPORT_HELPER_H
#define RACE_REPORT_HELPER_H

#include "../report.h"

/* Reads messages from `socket` until its end, writes reports to `output` and their lines to `record` (-1: none). The process's status. */
int helper_main(int socket, int output, int record);

/* on_report.c: runs the command for one report, beside this process: its line on standard input, what it is about in its environment. Never
 * waits. */
struct record;
void on_report_run(const char *command, const char *line, size_t bytes, const char *fingerprint, const struct record *r);

/* Names, lines and inlined calls from debug information. The cwd of process r->pid stands in for a relative module path. */
extern const struct resolver names_of_debug_info;

#endif
