/* SPDX-License-Identifier: MIT */
/*
 * json_write.h - JSON to a stream, for texts that are valid UTF-8: commas and quoting are taken care of.
 *
 * A missing text (NULL) and an unknown number (below 0) leave their member out: jw_text(w, "label", NULL) writes nothing.
 */
#ifndef RACE_REPORT_JSON_WRITE_H
#define RACE_REPORT_JSON_WRITE_H

#include <stdint.h>
#include <stdio.h>

#define JW_DEEPEST 16

struct json_writer {
	FILE *to;
	int indent;  /* levels that get lines of their own; 0: everything in one line */
	int depth;
	int some[JW_DEEPEST]; /* members so far */
};

void jw_begin(struct json_writer *w, FILE *to, int indent);
/* key NULL: in an array, or the document itself. close: '}' or ']' of what was opened last. */
void jw_open(struct json_writer *w, const char *key, char bracket);
void jw_close(struct json_writer *w, char bracket);
void jw_text(struct json_writer *w, const char *key, const char *text);
void jw_number(struct json_writer *w, const char *key, int64_t n);
void jw_hex(struct json_writer *w, const char *key, int64_t n); /* "0x1b" */
void jw_bool(struct json_writer *w, const char *key, int yes);
void jw_end(struct json_writer *w); /* the newline behind the document */

#endif
