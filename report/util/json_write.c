/* SPDX-License-Identifier: MIT */
/*
 * json_write.c - JSON to a stream. The stream is the caller's alone, so its lock is left out.
 */
#include "json_write.h"

#include <string.h>

void jw_begin(struct json_writer *w, FILE *to, int indent)
{
	memset(w, 0, sizeof(*w));
	w->to = to;
	w->indent = indent;
}

static void put(struct json_writer *w, const char *s, size_t n)
{
	fwrite_unlocked(s, 1, n, w->to);
}

static void new_line(struct json_writer *w)
{
	static const char blanks[] = "                                ";

	if (w->depth > w->indent)
		return;
	putc_unlocked('\n', w->to);
	put(w, blanks, (size_t)w->depth);
}

static void quoted(struct json_writer *w, const char *s)
{
	const char *start = s;

	putc_unlocked('"', w->to);
	for (;; s++) {
		unsigned char c = (unsigned char)*s;
		char escape[8];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		put(w, start, (size_t)(s - start));
		if (!c)
			break;
		start = s + 1;
		if (c == '"' || c == '\\')
			put(w, (char[]){ '\\', (char)c }, 2);
		else if (c == '\n')
			put(w, "\\n", 2);
		else
			put(w, escape, (size_t)snprintf(escape, sizeof(escape), "\\u%04x", c));
	}
	putc_unlocked('"', w->to);
}

static void member(struct json_writer *w, const char *key)
{
	if (w->depth && w->some[w->depth]++)
		putc_unlocked(',', w->to);
	if (w->depth)
		new_line(w);
	if (!key)
		return;
	quoted(w, key);
	putc_unlocked(':', w->to);
	if (w->depth <= w->indent)
		putc_unlocked(' ', w->to);
}

void jw_open(struct json_writer *w, const char *key, char bracket)
{
	member(w, key);
	putc_unlocked(bracket, w->to);
	w->depth++;
	w->some[w->depth < JW_DEEPEST ? w->depth : JW_DEEPEST - 1] = 0;
}

void jw_close(struct json_writer *w, char bracket)
{
	int some = w->some[w->depth];

	w->depth--;
	if (some && w->depth < w->indent)
		new_line(w);
	putc_unlocked(bracket, w->to);
}

void jw_text(struct json_writer *w, const char *key, const char *text)
{
	if (!text)
		return;
	member(w, key);
	quoted(w, text);
}

void jw_number(struct json_writer *w, const char *key, int64_t n)
{
	char text[24];

	if (n < 0)
		return;
	member(w, key);
	put(w, text, (size_t)snprintf(text, sizeof(text), "%lld", (long long)n));
}

void jw_hex(struct json_writer *w, const char *key, int64_t n)
{
	char text[24];

	if (n < 0)
		return;
	member(w, key);
	put(w, text, (size_t)snprintf(text, sizeof(text), "\"0x%llx\"", (unsigned long long)n));
}

void jw_bool(struct json_writer *w, const char *key, int yes)
{
	member(w, key);
	put(w, yes ? "true" : "false", yes ? 4 : 5);
}

void jw_end(struct json_writer *w)
{
	putc_unlocked('\n', w->to);
}
