/* SPDX-License-Identifier: MIT */
/*
 * lines.c - reads lines. A line longer than LINE_LONGEST is read and dropped; the caller is told that it was there.
 */
#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST ((size_t)256 << 10)

void lines_on(struct lines *l, int fd)
{
	memset(l, 0, sizeof(*l));
	l->fd = fd;
	l->number = 1;
}

int lines_open(struct lines *l, const char *path, const char **why)
{
	struct stat st;
	/* Neither a fifo without a writer nor a terminal makes this wait. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	lines_on(l, fd);
	if (fd < 0 || fstat(fd, &st) != 0) {
		*why = strerror(errno);
	} else if (!S_ISREG(st.st_mode)) {
		*why = "it is no regular file";
	} else {
		return 0;
	}
	lines_close(l);
	return -1;
}

int lines_seek(struct lines *l, int64_t offset, int64_t number)
{
	if (lseek(l->fd, offset, SEEK_SET) != offset)
		return -1;
	l->at = l->end = 0;
	l->offset = offset;
	l->number = number;
	l->ended = 0;
	return 0;
}

void lines_close(struct lines *l)
{
	if (l->fd >= 0)
		close(l->fd);
	free(l->buf);
	memset(l, 0, sizeof(*l));
	l->fd = -1;
}

/* More bytes behind those that are there. 0 at the end. */
static ssize_t fill(struct lines *l)
{
	ssize_t got;

	if (l->at > 0 && (l->end == l->cap || l->at == l->end)) {
		memmove(l->buf, l->buf + l->at, l->end - l->at);
		l->end -= l->at;
		l->at = 0;
	}
	if (l->end == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : FIRST;
		char *more = realloc(l->buf, cap + 1);

		if (!more)
			return -1;
		l->buf = more;
		l->cap = cap;
	}
	do
		got = read(l->fd, l->buf + l->end, l->cap - l->end);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		l->end += (size_t)got;
	l->ended = got == 0;
	return got;
}

/* What does not fit goes by. */
static int drop_rest(struct lines *l, struct line *line)
{
	static char sink[65536];
	ssize_t got;
	off_t back;

	while ((got = read(l->fd, sink, sizeof(sink))) > 0) {
		char *newline = memchr(sink, '\n', (size_t)got);

		if (!newline) {
			line->bytes += got;
			continue;
		}
		line->bytes += newline + 1 - sink;
		line->whole = 1;
		back = sink + got - (newline + 1);
		/* what stands behind it is the next line's */
		memcpy(l->buf, newline + 1, (size_t)back);
		l->at = 0;
		l->end = (size_t)back;
		l->offset = line->offset + line->bytes;
		return 1;
	}
	l->at = l->end = 0;
	l->ended = 1;
	l->offset = line->offset + line->bytes;
	return got < 0 ? -1 : 1;
}

int lines_next(struct lines *l, struct line *line)
{
	size_t searched = 0;
	char *newline = NULL;

	memset(line, 0, sizeof(*line));
	for (;;) {
		size_t have = l->end - l->at;

		if (have > searched)
			newline = memchr(l->buf + l->at + searched, '\n', have - searched);
		if (newline || l->ended || have >= LINE_LONGEST)
			break;
		searched = have;
		if (fill(l) < 0)
			return -1;
	}
	if (!newline && l->at == l->end)
		return 0;
	line->text = l->buf + l->at;
	line->offset = l->offset;
	line->number = l->number++;
	line->whole = newline != NULL;
	line->n = newline ? (size_t)(newline - line->text) : l->end - l->at;
	line->bytes = (int64_t)line->n + line->whole;
	if (line->n > LINE_LONGEST || (!newline && !l->ended)) {
		line->too_long = 1;
		line->n = 0;
		if (!newline)
			return drop_rest(l, line);
	}
	l->at += (size_t)line->bytes;
	l->offset += line->bytes;
	return 1;
}
