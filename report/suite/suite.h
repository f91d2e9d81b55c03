/* SPDX-License-Identifier: MIT */
/*
 * suite.h - the tests of a suite as `race tests` shows them.
 */
#ifndef RACE_REPORT_SUITE_H
#define RACE_REPORT_SUITE_H

#include <stdio.h>

#include "../findings/findings.h"

struct suite_test {
	char *name, *folder, *reports; /* clean text; file name below the root; path of the folder of reports */
	int status;                    /* of `race wrap`; -1: it has not ended, or was killed */
	int running;
};

struct suite {
	struct suite_test *tests;      /* by name */
	size_t n;
};

/* 0; 2 when there is no test below `root`, told in one line. suite_free in both cases. */
int suite_load(struct suite *suite, const char *root);
void suite_free(struct suite *suite);
/* 0, and `set` is to be freed; else nothing was left there, or it cannot be read. */
int suite_findings(const struct suite_test *t, struct findings *set);

/* Renderers: a whole document. `all`: also findings that do not count for the gate. 0 or 2. */
int suite_text(struct suite *suite, int all, FILE *to);
int suite_json(struct suite *suite, int all, FILE *to);
int suite_junit(struct suite *suite, int all, FILE *to);

#endif
