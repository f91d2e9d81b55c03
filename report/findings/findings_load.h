/* SPDX-License-Identifier: MIT */
/*
 * findings_load.h - what the files of the loader share.
 */
#ifndef RACE_REPORT_FINDINGS_LOAD_H
#define RACE_REPORT_FINDINGS_LOAD_H

#include <sys/types.h>

#include "../util/arena.h"
#include "findings.h"
#include "../util/lines.h"

struct source {
	char *path;
	dev_t dev;
	ino_t ino;
	int named;        /* by the user; else found in a directory */
	int is_text;
	int64_t findings;
	int bad;          /* places told */
	int differs;      /* told that fingerprints are not those of the stacks */
};

struct loader {
	const char *verb;
	struct findings *set;
	struct arena keep;      /* lives as long as the set */
	struct arena scratch;   /* one line */
	struct arena got;       /* what findings_get gave */
	struct source *source;
	size_t nsources;
	uint32_t *slot;         /* groups by fingerprint: index + 1 */
	size_t nslots;
	uint64_t *pair;         /* (group, process) that were counted, + 1 */
	size_t npairs, pairs_cap;
	int runs;               /* that told of themselves by a run.json */
	int input;              /* a copy of standard input; -1 */
	struct lines open;      /* what findings_get read last */
	uint32_t open_source;   /* + 1 */
};

/* All files behind the names, in order. 0; 2 when a name cannot be read at all, told. */
int sources_expand(struct loader *l, int n, char **names);
/* Opens one; -1 and *why. */
int source_open(struct loader *l, uint32_t source, struct lines *lines, const char **why);
/* DIR/run.json: what was run. */
void source_read_run(struct loader *l, uint32_t source);
int source_is_run(const struct source *s);
/* PROGRAM.PID.txt, log.PID: what a text log's name tells. */
void source_facts(struct arena *a, const char *path, const char **program, int64_t *pid);

/* `race VERB: FILE:LINE: what` on stderr, escaped; line 0: the file as such. Counted; after some for one file no more are printed. */
void source_told(struct loader *l, uint32_t source, int64_t line, const char *what);
/* The same of what was read all the same: it does not count as a bad place. */
void source_remark(struct loader *l, uint32_t source, int64_t line, const char *what);
/* The file's text behind `race VERB: `. */
void loader_complain(const char *verb, const char *path, const char *what);

#endif
