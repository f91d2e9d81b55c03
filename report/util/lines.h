/* SPDX-License-Identifier: MIT */
/*
 * lines.h - a file line by line, of any length, with bounded memory: for logs that may come from anywhere.
 */
#ifndef RACE_REPORT_LINES_H
#define RACE_REPORT_LINES_H

#include <stddef.h>
#include <stdint.h>

#define LINE_LONGEST ((size_t)16 << 20)

struct lines {
	int fd;
	char *buf;
	size_t cap, at, end;
	int64_t offset, number; /* of the next line; the first is 1 */
	int ended;
};

struct line {
	char *text;             /* writable, one more byte behind it; valid until the next line */
	size_t n;               /* without the newline */
	int64_t offset, number, bytes;
	int whole;              /* it ends with a newline */
	int too_long;           /* none of it is kept */
};

/*
 * Opens for reading what can be read without waiting for anybody: a regular file. 0; or -1 and *why, which stays valid until the next
 * call. lines_on: a descriptor that is open already, from where it stands; `offset` and `number` count on from there.
 */
int lines_open(struct lines *l, const char *path, const char **why);
void lines_on(struct lines *l, int fd);
/* Goes on at another place: `number` is then the line's there. */
int lines_seek(struct lines *l, int64_t offset, int64_t number);
/* 1; 0 at the end; -1 it cannot be read, errno says why. */
int lines_next(struct lines *l, struct line *line);
void lines_close(struct lines *l);

#endif
