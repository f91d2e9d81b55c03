/* SPDX-License-Identifier: MIT */
/*
 * trace_profile.h - the sums that `race profile` shows, in text or JSON.
 */
#ifndef RACE_REPORT_TRACE_PROFILE_H
#define RACE_REPORT_TRACE_PROFILE_H

#include "trace_show.h"

#define WAITS 6

struct op_row {
	uint32_t op;
	uint64_t calls;
	int64_t ns, longest;
};
struct map_row {
	uint32_t map, nops;
	struct op_row *ops;
	uint64_t calls, waited, wait[WAITS];
	int64_t ns, growth;
	uint8_t born, dies;
};
struct lock_row {
	uint32_t lock;
	const char *call;
	uint64_t takes, failed, waits;
	int64_t wait_ns, longest_wait, hold_ns, longest_hold;
};
struct slow_row {
	const char *what;              /* "operation", "wait", "hold", "resize" */
	uint32_t slice, hold, resize;  /* NOT_KNOWN */
	int64_t ns;
};
struct profile {
	struct trace *t;
	struct map_row *maps;   /* the one that grew most first */
	struct lock_row *locks; /* the one that was waited for longest first */
	struct slow_row *slow;  /* the longest first */
	uint32_t nmaps, nlocks, nslow;
	uint64_t calls, waits, category_calls[CATEGORIES];
	int64_t ns, wait_ns, paused_ns;
};
struct hint {
	const char *what; /* "reserve": times, entries, ns in resizes; "shard": waited, calls; "reuse": times */
	uint32_t map, times;
	int64_t entries, ns;
};

void profile_make(struct profile *p, struct trace *t, const struct trace_filter *f, const struct profile_options *o);
void profile_free(struct profile *p);
uint32_t profile_hints(const struct profile *p, struct hint *out, uint32_t max);
extern const char *const wait_words[WAITS];

#endif
