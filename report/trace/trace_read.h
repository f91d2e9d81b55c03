/* SPDX-License-Identifier: MIT */
/*
 * trace_read.h - a trace file in memory: who did what when, for the verbs that show it.
 *
 * Owns      all memory of a loaded trace, until trace_free.
 * Trust     none: a file may be cut off, half written, or made to harm. Every index was checked when it was read, every text ends and
 *           holds no control characters. Times are ns since the start of the process.
 */
#ifndef RACE_REPORT_TRACE_READ_H
#define RACE_REPORT_TRACE_READ_H

#include <stddef.h>
#include <stdint.h>

#include "../../preload/trace_format.h"

#define NOT_KNOWN UINT32_MAX
#define ROLE_DESTROY_NUMBER 1 /* of enum race_role, as role_name has them */
#define WAITED_NS 1000 /* a call that took so long has waited */

struct trace_op {
	char name[56], kind[36];
	uint8_t role, access, known;
};
struct trace_callee {
	char name[52];
	uint8_t category, role, known;
};
struct trace_stack {
	uint32_t id, op, n;     /* op: index or NOT_KNOWN */
	const uint64_t *pc;     /* in the file's memory */
	uint32_t modules;       /* how many modules were known when it was written: a later one may lie at the same address */
};
struct trace_module {
	uint64_t lo, hi, base;
	uint8_t build_id[24];
	uint32_t build_id_bytes;
	char path[260];
};
struct trace_lock_held {
	uint64_t lock;
	int64_t since;
	int64_t wait; /* ns that taking it took, when it waited; else 0 */
	uint8_t shared, waited;
};
struct trace_lane { /* a thread */
	uint32_t number, parent, stack, kernel; /* parent, stack: NOT_KNOWN; kernel: 0 */
	char name[20];
	int64_t begin, end;         /* first and last event, or its birth and end */
	uint8_t born, gone, known, seen; /* seen: it has events */
	char context[TRACE_TEXT + 4];    /* the last one */
	struct trace_lock_held *held; /* at the end of the trace */
	uint32_t nheld, held_room;
};
struct trace_map {
	uint64_t address;
	uint32_t gen;
	char kind[36], label[52];
	uint32_t created_stack, created_thread; /* NOT_KNOWN */
	uint64_t ops, writes;
	int64_t ns;              /* inside its operations, librace's own time left out */
	int64_t first_entries, last_entries, most_entries; /* -1 */
	int64_t first_at, last_at; /* when those were seen */
	int64_t dies_at;         /* when its destruction began; INT64_MAX */
	uint32_t first_buckets, buckets, resizes, shrinks;
	int64_t resize_ns;       /* inside operations that resized it */
	uint32_t findings;
};
struct trace_lock {
	uint64_t address;
	const char *call;        /* by which it is taken */
	uint64_t takes, waits, failed;
	int64_t wait_ns, longest_wait, hold_ns, longest_hold;
	uint64_t holds;
};

enum slice_kind { SLICE_OP, SLICE_CALL, SLICE_PAUSE };
struct trace_slice {
	int64_t begin, end, own;  /* own: without what other slices of the thread lie in it, but for calls */
	int64_t wait;             /* operations: the longest wait for a lock that is held */
	uint64_t object;
	uint32_t lane, id, stack; /* id: of the op or the call; stack: index or NOT_KNOWN */
	uint32_t map;             /* index or NOT_KNOWN */
	uint32_t entries, buckets;
	uint32_t lock;            /* index or NOT_KNOWN */
	uint8_t kind, write, held, waited;
	uint8_t ok, unfinished, again, near_conflict; /* again: the same call seen a second time, from outside */
	uint8_t created;          /* the birth of a map: a moment */
};
struct trace_hold {
	int64_t begin, end;
	uint32_t lane, lock;
};
struct trace_resize {
	int64_t at;
	uint32_t map, slice, from, to;
};
struct trace_context {
	int64_t at;
	uint32_t lane;
	char text[TRACE_TEXT + 4];
};
struct trace_conflict {
	uint32_t sequence, kind, verdict, cause, map;
	int64_t now_at, before_at;       /* -1 not known */
	uint32_t now_lane, before_lane;  /* NOT_KNOWN */
	uint32_t now_stack, before_stack;
	uint32_t now_slice, before_slice; /* NOT_KNOWN: not in the trace */
	uint8_t now_write, before_write;
	int64_t overlap;                 /* ns both were inside; below 0: so far apart. Valid when both slices are known */
};

struct table { /* of numbers by numbers */
	uint64_t *keys;
	uint32_t *values;
	uint32_t mask, used;
};

struct trace {
	const char *file;
	uint8_t *bytes;
	size_t size;
	struct trace_header header;
	int64_t end;              /* the last time in it */
	uint64_t events;          /* read, of all types */
	uint64_t broken;          /* chunks, events and entries that made no sense */
	uint64_t unpaired;        /* ends without a begin: it was overwritten */
	struct trace_op *ops;     /* [65536], sparse: known */
	struct trace_callee *calls;
	struct trace_module *modules;
	struct trace_stack *stacks;
	struct trace_lane *lanes;
	struct trace_map *maps;
	struct trace_lock *locks;
	struct trace_slice *slices; /* by begin */
	struct trace_hold *holds;
	struct trace_resize *resizes;
	struct trace_context *contexts;
	struct trace_conflict *conflicts;
	uint32_t nmodules, nstacks, nlanes, nmaps, nlocks, nslices, nholds, nresizes, ncontexts, nconflicts;
	struct table stack_of, lane_of, map_of, lock_of;
};

/* 0; or 2 after one line on stderr that begins with `race VERB: `. */
int trace_load(struct trace *t, const char *verb, const char *file);
void trace_free(struct trace *t);
/* 1: the file begins as a trace does. */
int trace_is_one(const char *file);

int64_t trace_ns(const struct trace *t, uint64_t ticks);
const char *role_name(uint32_t role);
const char *category_name(uint32_t category);
const char *slice_name(const struct trace *t, const struct trace_slice *s);
uint32_t slice_category(const struct trace *t, const struct trace_slice *s);
/* "main thread", "thread 3 \"worker\"". */
void lane_name(const struct trace *t, uint32_t lane, char *to, size_t cap);
/* `GHashTable 0x55d0c0a4f2a0 "session cache"`. */
void map_name(const struct trace *t, uint32_t map, char *to, size_t cap);

/* Frames of a stack, innermost first, by name; the op itself first, what is librace's and the start of threads left out. Texts live as long
 * as the trace. Returns how many, at most max. */
struct trace_frame {
	const char *name;   /* "cache_put", or "prog+0x1234" */
	const char *module; /* base name */
};
unsigned trace_frames(struct trace *t, uint32_t stack, struct trace_frame *out, unsigned max);
void trace_names_free(void);

#endif
