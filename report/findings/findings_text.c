/* SPDX-License-Identifier: MIT */
/*
 * findings_text.c - finds the lines of each report in a log where several may be under way.
 *
 * Owns      the reports that have begun. A line of `=` may end one or begin one: only the line behind it tells.
 * Bounds    so many reports under way, so many bytes of one: what goes beyond is told, and passed over.
 */
#include "findings_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../preload/sys/fmt.h"
#include "../symbolize/log.h"
#include "../util/room.h"

#define UNDER_WAY 64
#define PREFIX 200
#define LONGEST ((size_t)1 << 20) /* bytes of a report; librace writes none of more than a tenth of that */
#define TIME '\002'               /* in a key: some point in time */

enum stage { FREE, RULE /* a line of `=`, nothing behind it yet */, WITHIN, CLOSED /* by a line that may begin the next one */ };

struct under_way {
	enum stage stage;
	char key[PREFIX + 1], prefix[4 * PREFIX + 1];
	size_t nkey;
	char *text;
	size_t n, cap;
	int64_t at, end, line; /* of the file */
	int64_t rule_at, rule_line;
	int64_t *numbers;      /* of its lines */
	size_t nlines, lines_cap;
	uint64_t used;         /* when last */
};

struct text_scan {
	struct text_scan_calls calls;
	struct under_way report[UNDER_WAY];
	struct arena arena;
	char *plain; /* the line without colours */
	size_t cap;
	uint64_t clock;
};

/* ---- prefixes ----------------------------------------------------------------------------------------------------- */

/* How much of s has the form: 0 a digit, A a letter, others themselves. */
static size_t form(const char *s, const char *end, const char *f)
{
	const char *start = s;

	for (; *f; f++, s++) {
		if (s == end)
			return 0;
		if (*f == '0' ? *s < '0' || *s > '9' : *f == 'A' ? (*s | 32) < 'a' || (*s | 32) > 'z' : *s != *f)
			return 0;
	}
	return (size_t)(s - start);
}

static const char *fraction(const char *s, const char *end)
{
	const char *t = s;

	if (t < end && (*t == '.' || *t == ','))
		t++;
	if (t == s || t == end || *t < '0' || *t > '9')
		return s;
	while (t < end && *t >= '0' && *t <= '9')
		t++;
	return t;
}

/* A time of day, of a calendar, or seconds with a fraction: bytes of it; 0 none. */
static size_t time_at(const char *start, const char *end)
{
	static const char *const zones[] = { "Z", "+00:00", "-00:00", "+0000", "-0000", " +0000", " -0000" };
	const char *s = start, *t;
	size_t n;

	n = form(s, end, "0000-00-00T00:00:00");
	if (!n)
		n = form(s, end, "0000-00-00 00:00:00");
	if (!n)
		n = form(s, end, "0000/00/00 00:00:00");
	if (!n)
		n = form(s, end, "AAA 00 00:00:00");
	if (!n)
		n = form(s, end, "AAA  0 00:00:00");
	if (!n)
		n = form(s, end, "00:00:00");
	if (!n)
		n = form(s, end, "0:00:00");
	if (n) {
		s = fraction(s + n, end);
		for (unsigned i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
			n = form(s, end, zones[i]);
			if (n)
				return (size_t)(s + n - start);
		}
		return (size_t)(s - start);
	}
	while (s < end && *s == ' ')
		s++;
	t = s;
	while (t < end && *t >= '0' && *t <= '9')
		t++;
	if (t == s || t == end || *t != '.' || form(t, end, ".00") == 0)
		return 0;
	s = fraction(t, end);
	s += s < end && *s == 's';
	return (size_t)(s - start);
}

/* May a time begin behind this byte? */
static int boundary(const char *s, const char *start)
{
	return s == start || !strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:-/_", s[-1]);
}

static size_t make_key(char *key, const char *prefix, size_t n)
{
	const char *s = prefix, *end = prefix + n;
	char *to = key;

	while (s < end) {
		size_t k = boundary(s, prefix) ? time_at(s, end) : 0;

		if (k) {
			*to++ = TIME;
			s += k;
		} else {
			*to++ = *s++;
		}
	}
	*to = 0;
	return (size_t)(to - key);
}

/* Where the report's own text begins in a line with that prefix; NULL: it has another one. */
static const char *behind_key(const struct under_way *u, const char *s, const char *end)
{
	const char *start = s;

	for (size_t i = 0; i < u->nkey; i++) {
		size_t k = 1;

		if (s == end) {
			/* an empty line of which blanks were taken off */
			for (; i < u->nkey; i++) {
				if (u->key[i] != ' ')
					return NULL;
			}
			return s;
		}
		if (u->key[i] == TIME)
			k = boundary(s, start) ? time_at(s, end) : 0;
		else if (*s != u->key[i])
			return NULL;
		if (!k)
			return NULL;
		s += k;
	}
	return s;
}

/* ---- lines -------------------------------------------------------------------------------------------------------- */

/* Without terminal sequences, carriage returns and blanks at the end. */
static size_t make_plain(struct text_scan *s, const struct line *line)
{
	const char *at = line->text, *end = at + line->n;
	char *to;

	if (s->cap < line->n + 1) {
		free(s->plain);
		s->cap = line->n * 2 + 256;
		s->plain = room(1, s->cap);
	}
	to = s->plain;
	/* services put a mark of the encoding before the first line of the logs that they hand out */
	if (line->offset == 0 && line->n >= 3 && !memcmp(at, "\xef\xbb\xbf", 3))
		at += 3;
	while (at < end) {
		if (*at != '\033') {
			*to++ = *at ? *at : '\001'; /* shown as what it is not, but shown */
			at++;
			continue;
		}
		at++;
		if (at < end && *at == '[') {
			at++;
			while (at < end && *at >= 0x20 && *at <= 0x3f)
				at++;
			at += at < end;
		} else if (at < end && strchr("]_P^X", *at)) {
			/* a text for the terminal: titles, links, and the times of lines in some services' logs */
			while (at < end && *at != '\007' && *at != '\033')
				at++;
			at += at < end && *at == '\007';
		} else {
			at += at < end;
		}
	}
	while (to > s->plain && (to[-1] == '\r' || to[-1] == ' '))
		to--;
	*to = 0;
	return (size_t)(to - s->plain);
}

#define RULE_BYTES 18

/* Bytes before the line of `=`; -1: it is none. */
static long rule_at(const char *s, size_t n)
{
	if (n < RULE_BYTES || n - RULE_BYTES > PREFIX)
		return -1;
	for (size_t i = n - RULE_BYTES; i < n; i++) {
		if (s[i] != '=')
			return -1;
	}
	return n > RULE_BYTES && s[n - RULE_BYTES - 1] == '=' ? -1 : (long)(n - RULE_BYTES);
}

static int is_warning(const char *s, size_t n)
{
	for (unsigned k = FINDING_RACE; k <= FINDING_CHECK_THEN_ACT; k++) {
		const char *name = finding_kind_name((enum finding_kind)k);

		if (n == 9 + strlen(name) && !memcmp(s, "WARNING: ", 9) && !memcmp(s + 9, name, n - 9))
			return 1;
	}
	return 0;
}

static void tell(struct text_scan *s, int64_t line, const char *why)
{
	s->calls.told(s->calls.state, line, why);
}

/* ---- one report ---------------------------------------------------------------------------------------------------- */

static void append(struct under_way *u, const char *text, size_t n, int64_t number)
{
	size_t need = u->n + 4 * n + 2;
	struct buf b;
	char *copy;

	if (need > u->cap) {
		u->cap = need * 2;
		u->text = room_again(u->text, u->cap, 1);
	}
	if (u->nlines == u->lines_cap) {
		u->lines_cap = u->lines_cap ? u->lines_cap * 2 : 64;
		u->numbers = room_again(u->numbers, u->lines_cap, sizeof(*u->numbers));
	}
	copy = strndup(text, n);
	b = buf_on(u->text + u->n, u->cap - u->n);
	buf_clean(&b, copy);
	buf_char(&b, '\n');
	free(copy);
	u->n += b.len;
	u->numbers[u->nlines++] = number;
}

static void begin(struct under_way *u, const struct line *line)
{
	u->stage = RULE;
	u->rule_at = line->offset;
	u->rule_line = line->number;
}

/* The race detector of another language has the same first lines. */
static int is_ours(const struct under_way *u)
{
	const char *second = memchr(u->text, '\n', u->n), *third = NULL, *end = u->text + u->n, *newline;

	if (second)
		third = memchr(second + 1, '\n', (size_t)(end - second - 1));
	if (!third++ || third == end)
		return 1;
	newline = memchr(third, '\n', (size_t)(end - third));
	return !newline || !memmem(third, (size_t)(newline - third), " by goroutine ", 14);
}

/* What is there is no report: names the first line that shows it. */
static void give_up(struct text_scan *s, struct under_way *u, const char *why)
{
	struct finding f;
	int bad;

	if (is_ours(u)) {
		bad = report_parse(&s->arena, u->text, u->n, &f);
		arena_reset(&s->arena);
		tell(s, bad > 0 && (size_t)bad <= u->nlines ? u->numbers[bad - 1] : u->line, why);
	}
	u->stage = FREE;
}

static void finish(struct text_scan *s, struct under_way *u)
{
	struct text_report r = { u->text, u->n, u->prefix, u->at, u->end - u->at, u->line, u->numbers, u->nlines };
	struct finding f;

	if (report_parse(&s->arena, u->text, u->n, &f) != 0) {
		give_up(s, u, "this line does not belong in the report that it stands in; the report is passed over");
	} else {
		s->calls.found(s->calls.state, &r, &f);
		arena_reset(&s->arena);
		u->stage = FREE;
	}
}

static const char rule_line[] = "==================";

/* A line of the report itself, prefix taken off. */
static void advance(struct text_scan *s, struct under_way *u, const char *text, size_t n, const struct line *line)
{
	int is_rule = rule_at(text, n) == 0;

	u->used = ++s->clock;
	if (u->stage == CLOSED && is_warning(text, n)) {
		tell(s, u->line, "the report that begins here has no end; it is passed over");
		u->stage = RULE;
	} else if (u->stage == CLOSED) {
		finish(s, u);
		if (is_rule)
			begin(u, line);
		return;
	}
	if (u->stage == RULE) {
		if (is_rule) {
			begin(u, line);
		} else if (!is_warning(text, n)) {
			u->stage = FREE;
		} else {
			u->stage = WITHIN;
			u->n = u->nlines = 0;
			u->at = u->rule_at;
			u->line = u->rule_line;
			append(u, rule_line, RULE_BYTES, u->rule_line);
			append(u, text, n, line->number);
		}
		return;
	}
	if (u->n + n > LONGEST) {
		give_up(s, u, "the report that it stands in is longer than any can be; it is passed over");
		return;
	}
	append(u, text, n, line->number);
	if (is_rule) {
		u->stage = CLOSED;
		u->end = line->offset + line->bytes;
		begin(u, line);
		u->stage = CLOSED;
	}
}

/* One with exactly that prefix; a free one when there is none. */
static struct under_way *by_key(struct text_scan *s, const char *key, size_t n)
{
	struct under_way *idle = NULL, *oldest = &s->report[0];

	for (int i = 0; i < UNDER_WAY; i++) {
		struct under_way *u = &s->report[i];

		if (u->stage != FREE && u->nkey == n && !memcmp(u->key, key, n))
			return u;
		if (u->stage == FREE)
			idle = u;
		if (u->used < oldest->used)
			oldest = u;
	}
	if (idle)
		return idle;
	if (oldest->stage == CLOSED)
		finish(s, oldest);
	else if (oldest->stage == WITHIN)
		give_up(s, oldest, "too many reports are under way here; the oldest is passed over");
	oldest->stage = FREE;
	return oldest;
}

static void rule_seen(struct text_scan *s, size_t prefix, const struct line *line)
{
	char key[PREFIX + 1];
	size_t n = make_key(key, s->plain, prefix);
	struct under_way *u = by_key(s, key, n);
	struct buf b;
	char copy[PREFIX + 1];

	if (u->stage != FREE) {
		advance(s, u, s->plain + prefix, RULE_BYTES, line);
		return;
	}
	memcpy(u->key, key, n + 1);
	u->nkey = n;
	memcpy(copy, s->plain, prefix);
	copy[prefix] = 0;
	b = buf_on(u->prefix, sizeof(u->prefix));
	buf_clean(&b, copy);
	u->used = ++s->clock;
	begin(u, line);
}

/*
 * What the program had printed without a newline stands before the line of `=` alone, as dots of a test's progress do. So the line behind it
 * tells the prefix, where the two begin alike.
 */
static void mend_key(struct text_scan *s, size_t n, const struct line *line)
{
	char key[PREFIX + 1];
	size_t prefix = 0, nkey;
	struct under_way *glued = NULL;
	struct buf b;

	for (int i = 0; i < UNDER_WAY; i++) {
		struct under_way *u = &s->report[i];

		/* a line of `=` that closes a report may begin the next one, but that one's prefix is known */
		if (u->stage == RULE && u->nkey && u->rule_line == line->number - 1)
			glued = u;
	}
	if (!glued)
		return;
	while (prefix <= PREFIX && prefix < n && !is_warning(s->plain + prefix, n - prefix))
		prefix++;
	if (prefix > PREFIX || prefix == n)
		return;
	nkey = make_key(key, s->plain, prefix);
	if (nkey >= glued->nkey || memcmp(glued->key, key, nkey) != 0)
		return;
	for (int i = 0; i < UNDER_WAY; i++) {
		struct under_way *u = &s->report[i];

		if (u == glued || u->stage == FREE || u->nkey != nkey || memcmp(u->key, key, nkey) != 0)
			continue;
		if (u->stage == CLOSED)
			finish(s, u);
		else if (u->stage == WITHIN)
			give_up(s, u, "this line does not belong in the report that it stands in; the report is passed over");
		u->stage = FREE;
	}
	memcpy(glued->key, key, nkey);
	glued->key[nkey] = 0;
	glued->nkey = nkey;
	s->plain[prefix] = 0;
	b = buf_on(glued->prefix, sizeof(glued->prefix));
	buf_clean(&b, s->plain);
	s->plain[prefix] = 'W';
}

void text_scan_line(struct text_scan *s, const struct line *line)
{
	struct under_way *best = NULL;
	const char *text = NULL, *end;
	size_t n = make_plain(s, line);
	long prefix;

	if (!s->cap)
		return;
	prefix = rule_at(s->plain, n);
	if (prefix >= 0) {
		rule_seen(s, (size_t)prefix, line);
		return;
	}
	mend_key(s, n, line);
	end = s->plain + n;
	for (int i = 0; i < UNDER_WAY; i++) {
		struct under_way *u = &s->report[i];
		const char *t = u->stage != FREE && (!best || u->nkey > best->nkey) ? behind_key(u, s->plain, end) : NULL;

		if (t) {
			best = u;
			text = t;
		}
	}
	if (best)
		advance(s, best, text, (size_t)(end - text), line);
}

struct text_scan *text_scan_new(const struct text_scan_calls *calls)
{
	struct text_scan *s = room(1, sizeof(*s));

	s->calls = *calls;
	return s;
}

void text_scan_end(struct text_scan *s)
{
	for (int i = 0; i < UNDER_WAY; i++) {
		struct under_way *u = &s->report[i];

		if (u->stage == CLOSED) {
			finish(s, u);
		} else if (u->stage == WITHIN && is_ours(u)) {
			struct finding f;
			int bad = report_parse(&s->arena, u->text, u->n, &f);

			/* either something else stands in it, or the log ends first */
			if (bad > 0 && (size_t)bad <= u->nlines)
				tell(s, u->numbers[bad - 1], "this line does not belong in the report that it stands in; the report is passed over");
			else
				tell(s, u->line, "the report that begins here has no end; it is passed over");
		}
		free(u->text);
		free(u->numbers);
	}
	arena_free(&s->arena);
	free(s->plain);
	free(s);
}
