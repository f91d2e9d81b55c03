/* SPDX-License-Identifier: MIT */
/*
 * findings.h - many logs as one set: what `race report`, `gate`, `diff` and the others work on.
 *
 * Owns      the index of groups: one group for each fingerprint, with how often and where it was seen. Of each group only the
 *           first finding (by the order of the files' names, then by line) is kept, and not even that in memory: where it lies.
 * Scale     1,000 logs with 100,000 reports stay below 10 s and 500 MB.
 */
#ifndef RACE_REPORT_FINDINGS_H
#define RACE_REPORT_FINDINGS_H

#include "finding.h"

/* A process that librace was loaded into. */
struct process {
	const char *program, *path;   /* NULL in a text log */
	int64_t pid, ppid;
	const char *start, *end;      /* RFC 3339; end NULL: it did not end by itself, or became another program */
	const char *source;           /* the file it was read from */
	int64_t findings;
	int64_t below_level, suppressed; /* -1 not known */
	const char *host, *version;   /* NULL in a text log */
	const char *const *tags;
};

struct group {
	char fingerprint[FINGERPRINT_DIGITS + 1];
	enum finding_kind kind;
	enum finding_class class;     /* the surest that was seen */
	int counts;
	int64_t seen;                 /* reports */
	int64_t processes;            /* distinct ones */
	const char *program;
	const char *first, *last;     /* time, RFC 3339; NULL */
	uint32_t source;              /* index into sources */
	int64_t at, bytes;            /* of the finding there */
	int64_t line;                 /* where it begins */
	const uint32_t *lines;        /* of a text report between whose lines others' lie: its own, counted from `line`; NULL */
	uint32_t nlines;
	uint32_t process;             /* that it was first seen in: index into processes */
};

/* How the gate of a run judged it, as run.json says. */
enum gate_result { GATE_UNKNOWN, GATE_PASSED, GATE_WARNED, GATE_ABOVE, GATE_UNCHECKED };
struct gate_outcome {
	enum gate_result result;
	int64_t fresh, known, allowed;
};
/* `passed`, `warned`, `failed`, `unchecked`; NULL for GATE_UNKNOWN. */
const char *gate_result_name(enum gate_result r);

struct findings {
	struct group *groups;         /* counted ones first, surest class first, then by program and fingerprint: the same order in each run */
	size_t ngroups;
	struct process *processes;
	size_t nprocesses;
	int64_t distinct;             /* of them; a program that became another one (exec) is the same process still */
	const char **sources;
	size_t nsources;
	int64_t reports;              /* all, with repetitions */
	int64_t lost;                 /* reports that a process says it wrote, and that are not in its record; told like bad places */
	int64_t bad;                  /* places that could not be read, each told in one line on stderr: FILE:LINE: what */
	/* From DIR/run.json, where there is one: what was run, and how it ended. NULL, -1 else. */
	const char *command, *started, *branch, *revision, *host, *version;
	const char *const *tags;
	int command_status;
	/* GATE_UNKNOWN also where the set is another than the one that was judged: several runs, or findings that came later. */
	struct gate_outcome gate;
	void *arena, *index;          /* the loader's own */
};

/*
 * Loads DIRs and FILEs (records or text logs, told apart by their content). None given: the latest run, ./librace.out.
 * 0; or 2 when one of them cannot be read at all (told in one line that begins with `race VERB: `). Bad places inside a
 * file are told, counted, and passed over.
 */
int findings_load(struct findings *set, const char *verb, int n, char **names);
void findings_free(struct findings *set);
/* Nothing of what was named could be understood: no answer can be given from it, not even that it is clean. */
int findings_unread(const struct findings *set);

/* The whole finding of a group. Valid until findings_free, or until finding_release gives back what it took. NULL: gone since, told. */
const struct finding *findings_get(struct findings *set, const struct group *g);
/* Gives back the memory of what findings_get returned last: for renderers that walk over thousands. */
void findings_release(struct findings *set);

/* A group by the first digits of its fingerprint, or "#3" for the third group. NULL: none, or more than one; told in one line. */
const struct group *findings_find(const struct findings *set, const char *verb, const char *id);

#endif
