/* SPDX-License-Identifier: MIT */
/*
 * helper.h - the parts of the `race` command.
 */
#ifndef RACE_REPORT_HELPER_H
#define RACE_REPORT_HELPER_H

#include "report.h"

/* Reads messages from `socket` until its end, writes reports to `output`. The process's status. */
int helper_main(int socket, int output);

/* Names, lines and inlined calls from debug information. The cwd of process r->pid stands in for a relative module path. */
extern const struct resolver names_of_debug_info;

#endif
