/* SPDX-License-Identifier: MIT */
/*
 * gate.h - from findings to a verdict: what `race run` and `race gate` share.
 */
#ifndef RACE_REPORT_GATE_H
#define RACE_REPORT_GATE_H

#include <stdio.h>

#include "baseline.h"
#include "config.h"
#include "../findings/findings.h"

#define GATE_FAILED 66

struct verdict {
	int64_t fresh, known, gone; /* distinct findings that count; gone: of the baseline, not seen this time */
	int64_t below;              /* findings and reports that do not count */
	int64_t fitting;            /* processes that --require asks for; all when it names none */
	int above;                  /* more new ones than are allowed */
	int unchecked;              /* --require is not met */
};

/* Marks what it sees in the baseline. */
void gate_judge(const struct findings *set, const struct config *c, struct baseline *b, struct verdict *v);
/* The same for run.json and for pages. */
struct gate_outcome gate_outcome(const struct config *c, const struct verdict *v);
int gate_is_new(const struct group *g, const struct baseline *b);

/* The lines that tell the verdict, each beginning with `race VERB: `. */
void gate_tell(FILE *to, const struct findings *set, const struct config *c, const struct baseline *b, const struct verdict *v);
/* One line for each finding of the baseline that is gone. */
void gate_tell_gone(FILE *to, const struct baseline *b, const struct verdict *v);

#endif
