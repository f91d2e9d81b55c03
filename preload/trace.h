/* SPDX-License-Identifier: MIT */
/*
 * trace.h - recording what the process does to its maps, locks and threads into a file: the option trace=, race_trace_start(),
 * the control socket. The file is trace_format.h.
 */
#ifndef RACE_PRELOAD_TRACE_H
#define RACE_PRELOAD_TRACE_H

#include "engine/engine.h"
#include "engine/trace.h"
#include "sys/lock.h"
#include "trace_format.h"

/*
 * Begins or goes on recording. path NULL: the file of the option trace= (FILE.PID), where recording goes on if it was there
 * before. Else exactly that file, made anew (absolute, or relative to the present directory): what was recorded before stays in its own file.
 * seconds: stop by itself after so many; 0: not. 0, or -errno: -ENOENT when there is no path and no option; then nothing has changed.
 * Any thread, inside the guard or not; from the constructor on. Recording already: 0 with path NULL, -EBUSY else.
 */
int trace_start(const char *path, uint32_t seconds);
void trace_stop(void); /* what was recorded stays; nothing to do when nothing is recorded */
uint64_t trace_lost(void); /* events of the present file that found no room */

/* ---- start, end, fork -------------------------------------------------------------------------------------------------------- */

void trace_begin(void);            /* the constructor's last act: the option */
void trace_end(int status);        /* the process is about to end */
void trace_forked(void);           /* in the child, after the engine */
void trace_sandboxed(void);        /* the process is about to be sandboxed: no system call may be made after it */
void trace_fork_lock(void);
void trace_fork_unlock(void);

/* ---- what happens to threads; inside the guard, only while trace_is_on() ---------------------------------------------------------- */

struct trace_thread {
	struct trace_event *at, *end; /* NULL: no chunk yet */
	struct trace_chunk *head;
	uint32_t generation;          /* of the file that they belong to */
	uint32_t told;                /* generation in which the dictionary was told of the thread */
};

void trace_thread_created(struct race_thread *t, uint32_t number, uint32_t stack);
void trace_thread_begun(struct race_thread *t);
void trace_thread_gone(struct race_thread *t);
void trace_context(struct race_thread *t, const char *text);
struct record;
void trace_finding(struct race_thread *t, const struct race_finding *f, const struct record *r);
/* librace has kept the thread since: a report, or a held call. */
void trace_paused(struct race_thread *t, uint64_t since, int report);

/* ---- between the files of the recorder ------------------------------------------------------------------------------------------ */

#define TRACE_HIDDEN __attribute__((visibility("hidden")))

/* Where the next event of the thread goes; NULL: lost. Fill it, then trace_put. units: 32 bytes each, at most 4. */
struct trace_event *trace_slow(struct race_thread *t, unsigned units) TRACE_HIDDEN;
extern uint32_t trace_generation TRACE_HIDDEN; /* of the present file; 0 none */
extern uint32_t trace_here TRACE_HIDDEN;       /* the file is open: what is no reason to make one may be recorded, too */
extern uint64_t trace_deadline TRACE_HIDDEN;   /* ticks */
void trace_chunk_give(struct trace_thread *tt) TRACE_HIDDEN; /* the thread ends */

/* Dictionary: each makes sure that it holds the thing, and gives its id. */
uint16_t trace_word_op(const struct race_op *op) TRACE_HIDDEN;
uint16_t trace_word_call(uint16_t id, const char *name, uint8_t category, uint8_t role) TRACE_HIDDEN;
uint32_t trace_word_stack(uint32_t stack) TRACE_HIDDEN;
void trace_word_map(const struct race_cell *c, uintptr_t map, int anew) TRACE_HIDDEN;
void trace_word_thread(uint32_t number, uint32_t kernel) TRACE_HIDDEN; /* and its ancestors */
void trace_word_name(uint32_t number, const char *name) TRACE_HIDDEN;
void trace_word_finding(const struct trace_word_finding *f) TRACE_HIDDEN;
int trace_words_start(void) TRACE_HIDDEN; /* memory; 0, or -ENOMEM */
extern struct lock trace_words_lock TRACE_HIDDEN;
/* Room for an entry of the dictionary (trace_file.c), zeroed; NULL: none left. The words' lock is held. trace_file_word_done makes it valid. */
void *trace_file_word(uint32_t bytes) TRACE_HIDDEN;
void trace_file_word_done(uint32_t bytes) TRACE_HIDDEN;

/* The file. Under its lock: */
extern struct lock trace_file_lock TRACE_HIDDEN;
int trace_file_open(const char *path, int exact) TRACE_HIDDEN; /* path: exact or without .PID; 0, or -errno */
int trace_file_is_open(void) TRACE_HIDDEN;
void trace_file_forget(void) TRACE_HIDDEN;   /* in a forked child: the parent's */
struct trace_header *trace_file_header(void) TRACE_HIDDEN; /* NULL: none */
void trace_file_last_growth(void) TRACE_HIDDEN;
void trace_file_look(void) TRACE_HIDDEN;     /* the clock, into the header */
/* A chunk for a thread's next events, into tt; 0: none. */
int trace_file_chunk(struct trace_thread *tt, struct race_thread *t) TRACE_HIDDEN;
extern const struct race_tracer trace_events TRACE_HIDDEN;
/* trace.c: opens a file that was put off. 0: there is none. */
int trace_open_late(void) TRACE_HIDDEN;

/* Calls: thunks between hooks and what they hook. */
void trace_calls_on(void) TRACE_HIDDEN;
void trace_calls_off(void) TRACE_HIDDEN;

#endif
