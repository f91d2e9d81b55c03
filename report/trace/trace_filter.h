/* SPDX-License-Identifier: MIT */
/*
 * trace_filter.h - which slices of a trace are shown: the options that `race trace`, `flame`, `graph` and `profile` share.
 */
#ifndef RACE_REPORT_TRACE_FILTER_H
#define RACE_REPORT_TRACE_FILTER_H

#include "trace_read.h"

struct trace_filter {
	const char *map, *op, *tid, *lib;
	int64_t window;          /* ns around conflicts; -1: all */
	int64_t from, to;        /* ns since the start of the process; -1: open */
};

#define FILTER_NONE { .window = -1, .from = -1, .to = -1 }

/* Takes argv[*i] when it is one of the shared options (and its value): 1. 0: it is not. -1: bad, told in one line. */
int filter_option(struct trace_filter *f, const char *verb, int argc, char **argv, int *i);
/* The value of `--name VALUE` or `--name=VALUE`; NULL: another option. Bad: "" after a line on stderr, *i is argc. */
const char *option_value(const char *verb, const char *name, int argc, char **argv, int *i);
/* Marks what lies around conflicts; once after loading. */
void filter_prepare(const struct trace_filter *f, struct trace *t);
int filter_slice(const struct trace_filter *f, struct trace *t, const struct trace_slice *s);
int filter_map(const struct trace_filter *f, const struct trace *t, uint32_t map);
int filter_lane(const struct trace_filter *f, const struct trace *t, uint32_t lane);
int filter_time(const struct trace_filter *f, int64_t begin, int64_t end);
int filter_conflict(const struct trace_filter *f, struct trace *t, const struct trace_conflict *c);
int filter_is_all(const struct trace_filter *f);
/* "10us", "5ms", "1.5s", "250" (ns): 1 and *ns. */
int parse_duration(const char *s, int64_t *ns);

#endif
