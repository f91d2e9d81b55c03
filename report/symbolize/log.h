/* SPDX-License-Identifier: MIT */
/*
 * log.h - text logs of reports, read back (grammar: docs/REPORTS.md). They may come from anywhere: nothing in them is believed.
 */
#ifndef RACE_REPORT_LOG_H
#define RACE_REPORT_LOG_H

#include <stddef.h>
#include <stdint.h>

struct log_text {
	char *at;
	size_t bytes;
};

/* The whole file ("-": standard input). 0, or -1 with one line on stderr that names the verb. */
int log_read(struct log_text *log, const char *verb, const char *name);

/* The length of the line at `at`, with its newline if it has one. */
size_t log_line(const char *at, const char *end);
/* The line begins so. */
int log_begins(const char *at, size_t n, const char *with);

/* The two lines of a frame. The texts are not terminated. */
struct log_frame {
	const char *at;   /* both lines, with their newlines */
	size_t bytes;
	const char *name; /* "cache_put()" */
	size_t nname;
	const char *where; /* "/src/cache.c:42" or "libfoo.so.1" */
	size_t nwhere;
	uint64_t offset;
	int marked;  /* <-- */
	int is_line; /* where is FILE:LINE */
};

/* Bytes of the frame at `at`; 0: there is none. */
size_t log_frame(struct log_frame *f, const char *at, const char *end);

/* 0x and hexadecimal digits, or only those: 1, and *out is set. */
int log_address(const char *s, size_t n, uint64_t *out);

#endif
