/* SPDX-License-Identifier: MIT */
/*
 * findings_text.h - whole reports out of text: logs of `log_path=`, and logs of CI jobs that hold other things, too.
 *
 * Each line of such a log may begin with what a CI service or a test runner puts there. What stands before a report's first line of
 * `=` is that report's prefix: its other lines begin the same way, but for times, which may differ. So reports of parallel jobs come
 * out whole as long as the jobs' prefixes differ.
 */
#ifndef RACE_REPORT_FINDINGS_TEXT_H
#define RACE_REPORT_FINDINGS_TEXT_H

#include "../util/arena.h"
#include "finding.h"
#include "../util/lines.h"

struct text_report {
	const char *text;  /* clean, both rules included, without the prefix */
	size_t n;
	const char *prefix; /* clean; "" for none */
	int64_t at, bytes; /* from its first line to its last; others' lines may lie between */
	int64_t line;
	const int64_t *numbers; /* of its lines in the log */
	size_t nlines;
};

struct text_scan;

struct text_scan_calls {
	/* A whole report with its finding; both valid until it returns. */
	void (*found)(void *state, const struct text_report *r, struct finding *f);
	/* A report that is not whole: the line, and why. */
	void (*told)(void *state, int64_t line, const char *why);
	void *state;
};

struct text_scan *text_scan_new(const struct text_scan_calls *calls);
/* `text` is not kept. */
void text_scan_line(struct text_scan *s, const struct line *line);
void text_scan_end(struct text_scan *s); /* and gives it back */

/*
 * The finding that a report tells (docs/REPORTS.md). What the text does not have stays unknown. 0; else the number of the line
 * (from 1) that does not belong there. The texts are copied into the arena.
 */
int report_parse(struct arena *a, const char *text, size_t n, struct finding *f);

#endif
