/* SPDX-License-Identifier: MIT */
/*
 * findings_record.h - lines of a record (PROGRAM.PID.jsonl) as findings and processes.
 */
#ifndef RACE_REPORT_FINDINGS_RECORD_H
#define RACE_REPORT_FINDINGS_RECORD_H

#include "findings.h"
#include "../util/json_read.h"

enum record_type { RECORD_LINE_BAD, RECORD_LINE_NEWER, RECORD_LINE_OTHER, RECORD_LINE_PROCESS, RECORD_LINE_FINDING, RECORD_LINE_END };

struct record_line {
	enum record_type type;
	char why[160];          /* what is wrong: one line, clean */
	struct finding finding;
	struct process process; /* of PROCESS and END lines, as far as they say it */
	int differs;            /* the line's own fingerprint is another one than that of its stacks */
};

/* Everything lies in the arena and in the text, which is written to. */
void record_line_read(struct arena *a, char *text, size_t n, struct record_line *out);

/* A text for people: NULL when there is none; control characters and the like as \xNN. */
const char *record_text(struct arena *a, const struct jr_value *v);
/* {"key":"value"} as "key=value", NULL-terminated; NULL when there are none. */
const char *const *record_tags(struct arena *a, const struct jr_value *v);
/* RFC 3339 in UTC, or NULL. */
const char *record_time(const struct jr_value *v);
/* Over the stacks of the two accesses; docs/RECORD.md. */
void finding_fingerprint(const struct finding *f, char *digits);

#endif
