/* SPDX-License-Identifier: MIT */
/*
 * record_file.h - record_dir=DIR: what a process leaves there. See record_file.c and docs/RECORD.md.
 */
#ifndef RACE_PRELOAD_RECORD_FILE_H
#define RACE_PRELOAD_RECORD_FILE_H

#include <stdint.h>

/* Constructor, after the options are known: opens DIR/PROGRAM.PID.jsonl and writes the line of the process. */
void record_file_start(int argc, char **argv, char **envp);
/* When there is a place for complaints: what was wrong with record_dir and tags, a line each. */
void record_file_complain(void);
void record_file_forked(void);
/* Absolute path for text, without .PID.txt; "" when there is no record. */
const char *record_file_text(void);

/* Verified, opened again when the program has closed it; -1: none. For the helper and for whoever renders here. */
int record_file_descriptor(void);
/* A line as record_append (report/json.h) takes it. */
void record_file_append(const char *line, unsigned long bytes);
/* Its length by now, and whether the line of that finding has been written behind that place: what a helper that died has done. */
int64_t record_file_bytes(void); /* -1 not known */
int record_file_has(int64_t from, uint32_t sequence);

/* What a finding's line needs beside the record. */
const char *record_file_tags(void);
const char *record_file_traceparent(void); /* "" none, or not valid */

struct finding_counts; /* exit.h */
void record_file_end(int status, const struct finding_counts *counts); /* once */

#endif
