/* SPDX-License-Identifier: MIT */
/*
 * json.h - the lines of a record, PROGRAM.PID.jsonl (docs/RECORD.md).
 *
 * Every line is valid UTF-8 and valid JSON, whatever the texts hold; control characters and what turns the direction of text are
 * escaped, so that a line can be shown on a terminal. A writer puts the comma before a member by itself. (line_: the command is linked with
 * jansson, whose names begin with json_.)
 *
 * Runs      in the helper and in the host: no allocation, no stdio, no locale. json_render: one report at a time.
 */
#ifndef RACE_REPORT_JSON_H
#define RACE_REPORT_JSON_H

#include "report.h"

#define RECORD_SCHEMA_NUMBER 1 /* "schema" of every line; finding.h has it for readers */

/* ---- members --------------------------------------------------------------------------------------------------------- */

void line_string(struct buf *b, const char *s, size_t n); /* with its quotes */
/* `,"name":` - what follows is the value. NULL: an element of a list, only the comma. */
void line_name(struct buf *b, const char *name);
void line_text(struct buf *b, const char *name, const char *s, size_t n);
void line_word(struct buf *b, const char *name, const char *s);
void line_number(struct buf *b, const char *name, int64_t value);
void line_hex(struct buf *b, const char *name, uint64_t value); /* "0x1f", a string: JSON's numbers end at 2^53 for many readers */
void line_flag(struct buf *b, const char *name, int value);
void line_time(struct buf *b, const char *name, uint64_t wall_ns); /* RFC 3339, UTC, nanoseconds */
void line_build_id(struct buf *b, const char *name, const uint8_t *id, size_t bytes);

/* ---- tags ------------------------------------------------------------------------------------------------------------- */

struct tag {
	const char *key, *value;
	size_t nkey, nvalue;
	int bad; /* it is no tag: key and value are the piece of text */
};
#define TAGS_MAX 32
/* The next piece of "k=v,k=v" at *at, which moves on; 0 at the end. */
int tag_next(const char **at, struct tag *out);
int traceparent_is_valid(const char *s); /* as W3C Trace Context has it, version 00 */
/* The member "tags", when there are any; the last of equal keys wins, a traceparent is the tag of that name. */
void line_tags(struct buf *b, const char *tags, const char *traceparent);

/* ---- findings ----------------------------------------------------------------------------------------------------------- */

struct json_context {
	const char *text;  /* the report as it is printed */
	size_t text_bytes;
	const char *tags, *traceparent; /* "" none */
	char fingerprint[33]; /* out */
};
/* One line with its newline; 1, or 0 when not even the least of it fits. What does not fit goes in the order that docs/RECORD.md has. */
int json_render(const struct record *r, const struct resolver *names, struct json_context *context, struct buf *out);

/* ---- the file ------------------------------------------------------------------------------------------------------------ */

/*
 * Appends a line with one write. line[0] is a newline, and the line itself follows: it goes out first where the file does not end with
 * one (a writer was killed, the disk was full). look: the file may be asked. 0, or -errno.
 */
int record_append(int fd, const char *line, size_t bytes, int look);

#endif
