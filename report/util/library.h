/* SPDX-License-Identifier: MIT */
/*
 * library.h - where librace.so is, for every verb that needs it.
 */
#ifndef RACE_REPORT_LIBRARY_H
#define RACE_REPORT_LIBRARY_H

/* Absolute path of the librace.so that belongs to this command: beside it, in ../lib, in ../lib/TRIPLET, or where it was
 * installed. NULL: there is none. The text stays. */
const char *library_path(void);
/* Says so, as one line of VERB. Returns 2. */
int library_missing(const char *verb);

#endif
