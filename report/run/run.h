/* SPDX-License-Identifier: MIT */
/*
 * run.h - the parts of `race run`: the directory, the environment, the command, the telling.
 */
#ifndef RACE_REPORT_RUN_H
#define RACE_REPORT_RUN_H

#include <limits.h>
#include <stdint.h>

#include "config.h"
#include "gate.h"

/* ---- the directory of the records (run_dir.c) ---- */

struct json_t;
struct run_dir {
	int fd;               /* holds a lock while the run lasts */
	char path[PATH_MAX];  /* absolute */
	const char *shown;    /* as it was named */
	struct json_t *earlier; /* run.json of the run whose place is taken; NULL: none */
};

/* Makes it, or takes over an earlier run's; nothing is deleted yet. 0, or 2 after one line. */
int run_dir_open(struct run_dir *d, const char *name);
/* Writes run.json whole. 0, or 2 after one line. */
int run_dir_write(struct run_dir *d, const struct json_t *run);
/* Deletes what the earlier run left, but for run.json, which is this one's by now. 0, or 2 after one line. */
int run_dir_clear(struct run_dir *d);
/* Waits, for a bounded time, until the reports of processes that have ended are written. */
void run_dir_settle(struct run_dir *d);
/* 2 after one line, when a process could not write what it had to report; else 0. */
int run_dir_lost(struct run_dir *d);
void run_dir_close(struct run_dir *d);

/* Records that have come or grown since the last call. *names is malloc'ed, as is each name. */
struct run_seen;
size_t run_dir_fresh(struct run_dir *d, struct run_seen **seen, char ***names);
void run_seen_free(struct run_seen *seen);

/* ---- run.json (run_json.c) ---- */

struct run_state {
	char **command;
	char started[40];
	int runs;             /* that have ended */
	int status;           /* of the command; -1 while it lasts */
};

void run_time(char *to, size_t cap); /* now, RFC 3339 */
/* gate: NULL before there is a verdict. 0, or 2 after one line. */
int run_json_write(struct run_dir *d, const struct config *c, const struct run_state *s, const struct gate_outcome *gate);

/* ---- the environment of the command (run_preload.c) ---- */

struct run_environment {
	char **envp;
	char *preload, *options; /* the two variables, `NAME=VALUE` */
	char link[64];           /* a directory of ours in /tmp that leads to librace.so; "" */
};

/* 0, or 2 after one line. */
int run_environment_make(struct run_environment *e, struct config *c, const char *directory);
void run_environment_free(struct run_environment *e);

/* ---- the command (run_child.c) ---- */

struct run_end {
	int status;        /* as a shell tells it: 128 + signal, 126, 127 */
	int signal;        /* that ended it; 0 */
	int not_started;   /* errno; 0 */
	int interrupted;   /* somebody asked for an end: no further run */
};

/* Signals are held from begin to end; what comes in between is passed on, or survived. */
void run_signals_begin(void);
void run_signals_end(void);
void run_command(char **argv, char **envp, struct run_end *end);

/* ---- formats (run_formats.c) ---- */

/* Can all files be written, as far as one can tell before? 0, or 2 after one line. */
int run_formats_check(const struct config *c);
/* 0, or 2 after one line each. */
int run_formats_write(const struct config *c, struct findings *set);

/* ---- the telling (run_tell.c) ---- */

struct run_telling {
	int quiet, all;   /* quiet 2: nothing at all when it passes, but for that as without */
};

void run_tell(const struct config *c, const struct run_telling *t, const struct run_dir *d, struct findings *set, const struct baseline *b,
	      const struct verdict *v, const struct run_state *s, const struct run_end *end);
/* When the records could not be read: how the command ended, nevertheless. */
void run_tell_end(const struct config *c, const struct run_state *s, const struct run_end *end);

#endif
