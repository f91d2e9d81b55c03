/* SPDX-License-Identifier: MIT */
/*
 * log.c - a log of reports as lines and frames.
 *
 * What is not exactly a frame is none: the reader then leaves those bytes alone.
 */
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../preload/sys/fmt.h"

#define LOG_MOST ((size_t)1 << 30)

static void complain(const char *verb, const char *name, const char *what)
{
	char line[4096];
	struct buf b = buf_on(line, sizeof(line));

	buf_fmt(&b, "race: %s: ", verb);
	buf_clean(&b, name);
	fprintf(stderr, "%s %s\n", line, what);
}

int log_read(struct log_text *log, const char *verb, const char *name)
{
	FILE *f = strcmp(name, "-") ? fopen(name, "re") : stdin;
	size_t cap = 0, n;
	char what[200];

	memset(log, 0, sizeof(*log));
	if (!f) {
		snprintf(what, sizeof(what), "cannot be opened: %m");
		complain(verb, name, what);
		return -1;
	}
	do {
		if (log->bytes == cap) {
			char *more = cap < LOG_MOST ? realloc(log->at, cap ? cap * 2 : 65536) : NULL;

			if (!more) {
				complain(verb, name, "is too large");
				goto bad;
			}
			log->at = more;
			cap = cap ? cap * 2 : 65536;
		}
		n = fread(log->at + log->bytes, 1, cap - log->bytes, f);
		log->bytes += n;
	} while (n);
	if (ferror(f)) {
		complain(verb, name, "cannot be read");
		goto bad;
	}
	if (f != stdin)
		fclose(f);
	return 0;
bad:
	if (f != stdin)
		fclose(f);
	free(log->at);
	memset(log, 0, sizeof(*log));
	return -1;
}

size_t log_line(const char *at, const char *end)
{
	const char *newline = memchr(at, '\n', (size_t)(end - at));

	return newline ? (size_t)(newline + 1 - at) : (size_t)(end - at);
}

int log_begins(const char *at, size_t n, const char *with)
{
	size_t k = strlen(with);

	return n >= k && !memcmp(at, with, k);
}

static int ends(const char *at, size_t n, const char *with)
{
	size_t k = strlen(with);

	return n >= k && !memcmp(at + n - k, with, k);
}

int log_address(const char *s, size_t n, uint64_t *out)
{
	uint64_t value = 0;

	if (n > 2 && s[0] == '0' && (s[1] | 32) == 'x') {
		s += 2;
		n -= 2;
	}
	if (!n || n > 16)
		return 0;
	for (size_t i = 0; i < n; i++) {
		char c = s[i] | 32;

		if (s[i] >= '0' && s[i] <= '9')
			value = value << 4 | (uint64_t)(s[i] - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return 0;
	}
	*out = value;
	return 1;
}

/* FILE:LINE. A module may have a colon in its name, but not digits alone behind it, or it is taken for this. */
static int is_line(const char *s, size_t n)
{
	size_t digits = 0;

	while (digits < n && s[n - 1 - digits] >= '0' && s[n - 1 - digits] <= '9')
		digits++;
	return digits && digits < n - 1 && s[n - 1 - digits] == ':';
}

size_t log_frame(struct log_frame *f, const char *at, const char *end)
{
	size_t one = log_line(at, end), two, n, plus;
	const char *second = at + one;

	memset(f, 0, sizeof(*f));
	if (one < 6 || at[0] != ' ' || at[1] != ' ' || at[2] == ' ' || at[one - 1] != '\n' || second == end)
		return 0;
	two = log_line(second, end);
	if (two < 12 || memcmp(second, "      ", 6) || second[6] == ' ' || second[two - 1] != '\n')
		return 0;
	f->name = at + 2;
	n = one - 3;
	if (ends(f->name, n, " <--")) {
		f->marked = 1;
		n -= 4;
	}
	if (n < 3 || !ends(f->name, n, "()"))
		return 0;
	f->nname = n;
	f->where = second + 6;
	n = two - 7;
	for (plus = n; plus > 0 && f->where[plus - 1] != ' '; plus--)
		;
	if (plus < 2 || n - plus < 4 || memcmp(f->where + plus, "+0x", 3) ||
	    !log_address(f->where + plus + 3, n - plus - 3, &f->offset) || (f->where[plus + 4] | 32) == 'x')
		return 0;
	f->nwhere = plus - 1;
	f->is_line = is_line(f->where, f->nwhere);
	f->at = at;
	f->bytes = one + two;
	return f->bytes;
}
