/* SPDX-License-Identifier: MIT */
/*
 * json.c - JSON into a buffer, and appending a line to a record (json.h).
 *
 * Must not  allocate, use stdio or the locale: it is part of librace.so.
 */
#include "json.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../preload/sys/os.h"

static void put_escape(struct buf *b, uint32_t point)
{
	static const char hex[] = "0123456789abcdef";
	char escape[6] = { '\\', 'u', hex[point >> 12 & 15], hex[point >> 8 & 15], hex[point >> 4 & 15], hex[point & 15] };

	buf_mem(b, escape, sizeof(escape));
}

void line_string(struct buf *b, const char *s, size_t n)
{
	const char *plain = s;

	buf_char(b, '"');
	while (n > 0) {
		uint32_t point;
		size_t length = utf8_char(s, n, &point);

		if (length && utf8_is_printable(point) && point != '"' && point != '\\') {
			s += length;
			n -= length;
			continue;
		}
		buf_mem(b, plain, (size_t)(s - plain));
		if (!length) {
			buf_str(b, "\xef\xbf\xbd"); /* U+FFFD stands for each byte that is no part of a character */
			length = 1;
		} else if (point == '"' || point == '\\') {
			buf_char(b, '\\');
			buf_char(b, (char)point);
		} else if (point == '\n') {
			buf_str(b, "\\n");
		} else if (point == '\t') {
			buf_str(b, "\\t");
		} else {
			put_escape(b, point);
		}
		s += length;
		n -= length;
		plain = s;
	}
	buf_mem(b, plain, (size_t)(s - plain));
	buf_char(b, '"');
}

void line_name(struct buf *b, const char *name)
{
	char last = b->len ? b->text[b->len - 1] : '{';

	if (last != '{' && last != '[')
		buf_char(b, ',');
	if (name)
		buf_fmt(b, "\"%s\":", name);
}

void line_text(struct buf *b, const char *name, const char *s, size_t n)
{
	line_name(b, name);
	line_string(b, s, n);
}

void line_word(struct buf *b, const char *name, const char *s)
{
	line_text(b, name, s, strlen(s));
}

void line_number(struct buf *b, const char *name, int64_t value)
{
	line_name(b, name);
	buf_fmt(b, "%ld", (long)value);
}

void line_hex(struct buf *b, const char *name, uint64_t value)
{
	line_name(b, name);
	buf_fmt(b, "\"0x%lx\"", (unsigned long)value);
}

void line_flag(struct buf *b, const char *name, int value)
{
	line_name(b, name);
	buf_str(b, value ? "true" : "false");
}

/* A number with leading zeros. */
static void put_digits(struct buf *b, uint64_t value, int digits)
{
	char text[20];

	for (int i = digits; i-- > 0; value /= 10)
		text[i] = (char)('0' + value % 10);
	buf_mem(b, text, (size_t)digits);
}

/* Days since 1970 to year, month, day: years begin in March here, so that the odd day is the last one. */
static void put_date(struct buf *b, uint64_t days)
{
	uint64_t shifted = days + 719468, era = shifted / 146097, in_era = shifted % 146097;
	uint64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	uint64_t in_year = in_era - (365 * year + year / 4 - year / 100), month = (5 * in_year + 2) / 153;

	put_digits(b, year + era * 400 + (month >= 10), 4);
	buf_char(b, '-');
	put_digits(b, month < 10 ? month + 3 : month - 9, 2);
	buf_char(b, '-');
	put_digits(b, in_year - (153 * month + 2) / 5 + 1, 2);
}

void line_time(struct buf *b, const char *name, uint64_t wall_ns)
{
	uint64_t seconds = wall_ns / 1000000000u, of_day = seconds % 86400;

	line_name(b, name);
	buf_char(b, '"');
	put_date(b, seconds / 86400);
	buf_char(b, 'T');
	put_digits(b, of_day / 3600, 2);
	buf_char(b, ':');
	put_digits(b, of_day / 60 % 60, 2);
	buf_char(b, ':');
	put_digits(b, of_day % 60, 2);
	buf_char(b, '.');
	put_digits(b, wall_ns % 1000000000u, 9);
	buf_str(b, "Z\"");
}

void line_build_id(struct buf *b, const char *name, const uint8_t *id, size_t bytes)
{
	line_name(b, name);
	buf_char(b, '"');
	for (size_t i = 0; i < bytes; i++) {
		buf_char(b, "0123456789abcdef"[id[i] >> 4]);
		buf_char(b, "0123456789abcdef"[id[i] & 15]);
	}
	buf_char(b, '"');
}

/* ---- tags ------------------------------------------------------------------------------------------------------------- */

static int is_key(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("_.-/", c)))
			return 0;
	}
	return n > 0 && n <= 64;
}

int tag_next(const char **at, struct tag *out)
{
	const char *end, *equals;

	if (!**at)
		return 0;
	end = *at + strcspn(*at, ",");
	equals = memchr(*at, '=', (size_t)(end - *at));
	out->key = *at;
	out->nkey = (size_t)((equals ? equals : end) - *at);
	out->value = equals ? equals + 1 : end;
	out->nvalue = (size_t)(end - out->value);
	out->bad = !equals || !is_key(out->key, out->nkey) || out->nvalue > 256;
	*at = *end ? end + 1 : end;
	return 1;
}

/* The same key comes again. */
static int is_repeated(const char *rest, const struct tag *t)
{
	struct tag other;

	while (tag_next(&rest, &other)) {
		if (!other.bad && other.nkey == t->nkey && !memcmp(other.key, t->key, t->nkey))
			return 1;
	}
	return 0;
}

int traceparent_is_valid(const char *s)
{
	static const char shape[] = "00-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
	int trace = 0, parent = 0;

	for (size_t i = 0; i < sizeof(shape); i++) {
		int hex = s[i] && strchr("0123456789abcdef", s[i]);

		if (shape[i] == 'h' ? !hex : s[i] != shape[i])
			return 0;
		trace |= i >= 3 && i < 35 && s[i] != '0';
		parent |= i >= 36 && i < 52 && s[i] != '0';
	}
	return trace && parent;
}

void line_tags(struct buf *b, const char *tags, const char *traceparent)
{
	static const char trace_key[] = "traceparent";
	struct tag t = { trace_key, traceparent, sizeof(trace_key) - 1, strlen(traceparent), 0 };
	int n = 0;

	if (traceparent[0] && traceparent_is_valid(traceparent) && !is_repeated(tags, &t)) {
		line_name(b, "tags");
		buf_char(b, '{');
		line_text(b, trace_key, t.value, t.nvalue);
		n = 1;
	}
	while (n < TAGS_MAX && tag_next(&tags, &t)) {
		if (t.bad || is_repeated(tags, &t))
			continue;
		if (!n++) {
			line_name(b, "tags");
			buf_char(b, '{');
		}
		line_name(b, NULL);
		line_string(b, t.key, t.nkey);
		buf_char(b, ':');
		line_string(b, t.value, t.nvalue);
	}
	if (n)
		buf_char(b, '}');
}

/* ---- the file ------------------------------------------------------------------------------------------------------------ */

static int ends_open(int fd)
{
	struct stat st;
	char last;

	return os_syscall(SYS_fstat, fd, (long)&st, 0, 0, 0, 0) == 0 && st.st_size > 0 &&
	       os_syscall(SYS_pread64, fd, (long)&last, 1, st.st_size - 1, 0, 0) == 1 && last != '\n';
}

int record_append(int fd, const char *line, size_t bytes, int look)
{
	size_t skip = look && ends_open(fd) ? 0 : 1;

	return os_write_all(fd, line + skip, bytes - skip);
}
