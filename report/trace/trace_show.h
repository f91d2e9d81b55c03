/* SPDX-License-Identifier: MIT */
/*
 * trace_show.h - the ways in which traces are shown; each writes a whole document.
 */
#ifndef RACE_REPORT_TRACE_SHOW_H
#define RACE_REPORT_TRACE_SHOW_H

#include <stdio.h>

#include "../../preload/sys/fmt.h"
#include "trace_filter.h"

struct profile_options {
	int json;
	int64_t slow;   /* ns: operations, holds and waits from this length on are listed; -1 none */
	int64_t growth; /* entries a second: maps that grow so fast are listed; -1 none */
};
enum flame_weight { FLAME_CALLS, FLAME_TIME, FLAME_WAIT };

void trace_json(FILE *to, struct trace *traces, int n, const struct trace_filter *f);
void trace_profile(FILE *to, struct trace *traces, int n, const struct trace_filter *f, const struct profile_options *o);
void trace_flame(FILE *to, struct trace *traces, int n, const struct trace_filter *f, enum flame_weight weight);
void trace_graph(FILE *to, struct trace *traces, int n, const struct trace_filter *f);
void trace_threads(FILE *to, struct trace *traces, int n); /* who lives, holds what, and is inside which operation at the end */

/* 2 after one line on stderr. */
int trace_bad_option(const char *verb, const char *option);
int trace_no_file(const char *verb);
/* All files, or none: 0, or 2 after one line. */
int traces_load(struct trace *traces, int n, char **files, const char *verb, const struct trace_filter *f);
void traces_free(struct trace *traces, int n);

void trace_text(FILE *to, const char *s);
const char *trace_program(const struct trace *t); /* base name, safe */
const char *verdict_name(uint32_t verdict);
const char *finding_name(uint32_t kind);
const char *cause_label(uint32_t cause);
/* "8.2 us". */
const char *time_text(int64_t ns, char *to, size_t cap);

#endif
