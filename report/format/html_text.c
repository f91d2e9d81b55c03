/* SPDX-License-Identifier: MIT */
/*
 * html_text.c - foreign text as HTML, and numbers as people read them.
 *
 * Must not  trust anybody: the loader has checked what it read, and this checks again, because a page is shown to others.
 */
#include <inttypes.h>
#include <string.h>

#include "html.h"

/* The code point at s, its bytes in *n; -1 for what is no UTF-8 (then *n is 1). */
static int32_t code_point(const unsigned char *s, size_t room, size_t *n)
{
	static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t bytes = s[0] < 0x80 ? 1 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : 0;
	int32_t c;

	*n = 1;
	if (bytes == 0 || bytes > room)
		return -1;
	if (bytes == 1)
		return s[0];
	c = s[0] & (0x7f >> bytes);
	for (size_t i = 1; i < bytes; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[bytes] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return -1;
	*n = bytes;
	return c;
}

/* Turns the direction, joins, hides, or breaks lines without being seen. */
static int is_shapeless(int32_t c)
{
	return c == 0xad || c == 0x34f || c == 0x61c || c == 0x115f || c == 0x1160 || c == 0x17b4 || c == 0x17b5 || (c >= 0x180b && c <= 0x180f) ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0x3164 || c == 0xfeff ||
	       c == 0xffa0 || (c >= 0xfff0 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

static void put_point(FILE *to, const char *s, size_t n, int32_t c)
{
	if (c == '&')
		fputs("&amp;", to);
	else if (c == '<')
		fputs("&lt;", to);
	else if (c == '>')
		fputs("&gt;", to);
	else if (c == '"')
		fputs("&quot;", to);
	else if (c == '\'')
		fputs("&#39;", to);
	else if (c == '\n')
		fputs("\n", to);
	else if (c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0) || (c & 0xfffe) == 0xfffe)
		fputs("\xef\xbf\xbd", to);
	else if (is_shapeless(c))
		fprintf(to, "&lt;U+%04" PRIX32 "&gt;", (uint32_t)c);
	else if (n == 1)
		putc_unlocked(c, to);
	else
		fwrite(s, 1, n, to);
}

void html_text_n(FILE *to, const char *s, size_t n)
{
	for (size_t i = 0, bytes; i < n; i += bytes) {
		int32_t c = code_point((const unsigned char *)s + i, n - i, &bytes);

		put_point(to, s + i, bytes, c);
	}
}

void html_text(FILE *to, const char *s)
{
	html_text_n(to, s, strlen(s));
}

size_t html_letters(const char *s)
{
	size_t letters = 0, n = strlen(s);

	for (size_t i = 0, bytes; i < n; i += bytes, letters++)
		code_point((const unsigned char *)s + i, n - i, &bytes);
	return letters;
}

void html_short(FILE *to, const char *s, size_t letters)
{
	size_t i = 0, n = strlen(s), bytes;

	if (html_letters(s) <= letters) {
		html_text_n(to, s, n);
		return;
	}
	for (size_t left = letters - 1; left > 0; left--, i += bytes)
		code_point((const unsigned char *)s + i, n - i, &bytes);
	html_text_n(to, s, i);
	fputs("…", to);
}

void html_number(FILE *to, int64_t n)
{
	char digits[24], out[32];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, n), at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = 0;
	fputs(out, to);
}

void html_span(FILE *to, int64_t ns)
{
	static const struct { int64_t ns; const char *name; } units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "µs" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ns >= units[i].ns) {
			fprintf(to, "%" PRId64 ".%" PRId64 " %s", ns / units[i].ns, ns % units[i].ns / (units[i].ns / 10), units[i].name);
			return;
		}
	}
	fprintf(to, "%" PRId64 " ns", ns);
}

void html_plural(FILE *to, int64_t n, const char *one, const char *many)
{
	html_number(to, n);
	fprintf(to, " %s", n == 1 ? one : many);
}

void html_time(FILE *to, const char *s)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	int year, month, day, hour, minute, second, end = 0;

	if (sscanf(s, "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second, &end) != 6 || month < 1 || month > 12 || day < 1 || day > 31 ||
	    year < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
		html_text(to, s);
		return;
	}
	/* Nanoseconds are in the tooltip; the attribute knows milliseconds only. */
	fputs("<time title=\"", to);
	html_text(to, s);
	fprintf(to, "\" datetime=\"%04d-%02d-%02dT%02d:%02d:%02dZ\">%d&nbsp;%s&nbsp;%d, %02d:%02d:%02d&nbsp;UTC</time>", year, month, day, hour, minute, second, day, months[month - 1],
		year, hour, minute, second);
}

const char *html_thread(const struct finding_thread *t, char *name, size_t cap)
{
	if (!t)
		snprintf(name, cap, "unknown thread");
	else if (t->number == 0)
		snprintf(name, cap, "main thread");
	else if (t->name)
		snprintf(name, cap, "thread %d \"%s\"", t->number, t->name);
	else
		snprintf(name, cap, "thread %d", t->number);
	return name;
}

const char *html_thread_of(const struct finding *f, const struct finding_access *a, char *name, size_t cap)
{
	return html_thread(finding_thread_of(f, a), name, cap);
}
