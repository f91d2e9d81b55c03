/* SPDX-License-Identifier: MIT */
/*
 * trace_parts.h - what the files that read a trace ask of each other.
 */
#ifndef RACE_REPORT_TRACE_PARTS_H
#define RACE_REPORT_TRACE_PARTS_H

#include "trace_read.h"

uint32_t table_get(const struct table *t, uint64_t key); /* NOT_KNOWN */
void table_set(struct table *t, uint64_t key, uint32_t value);
uint32_t lane_get(struct trace *t, uint32_t number);
uint32_t map_get(struct trace *t, uint64_t address, uint32_t gen);
uint32_t lock_get(struct trace *t, uint64_t address);

/* trace_events.c: chunks of events in the order of their serial numbers. */
void trace_events_begin(struct trace *t);
void trace_events_read(struct trace *t, const struct trace_chunk *c);
void trace_events_end(struct trace *t);
/* trace_analyse.c: what needs all of it, in the order of time. */
void trace_analyse(struct trace *t);

#endif
