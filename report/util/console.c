/* SPDX-License-Identifier: MIT */
/*
 * console.c - options, complaints, colours and progress of the verbs.
 *
 * Owns      the progress line: whether one stands on the terminal now. Every complaint clears it first.
 */
#include "console.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"
#include "../verbs.h"
#include "room.h"

static int progress_stands;

char *console_clean(const char *text)
{
	size_t cap = 4 * strlen(text) + 1;
	char *to = room(1, cap);
	struct buf b;

	b = buf_on(to, cap);
	buf_clean(&b, text);
	return to;
}

int console_complain(const char *verb, const char *format, ...)
{
	char *text = NULL, *clean;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	clean = console_clean(text ? text : format);
	console_progress_end();
	fflush(stdout);
	fprintf(stderr, "race %s: %s\n", verb, clean);
	free(clean);
	free(text);
	return 2;
}

const char *console_nearest(const char *word, const char *const *names)
{
	const char *best = NULL;
	size_t n = strlen(word);
	unsigned least = 2 + (unsigned)(n < 32 ? n : 32) / 4; /* more edits than that are another word */

	for (; *names; names++) {
		unsigned d = edit_distance(word, n, *names, strlen(*names));

		if (d < least) {
			least = d;
			best = *names;
		}
	}
	return best;
}

const char *console_did_you_mean(const char *word, const char *const *names)
{
	static char text[120];
	const char *near = console_nearest(word, names);

	text[0] = 0;
	if (near)
		snprintf(text, sizeof(text), ", did you mean `%s`?", near);
	return text;
}

/* ---- options ---------------------------------------------------------------------------------------------------------- */

void console_options_begin(struct console_options *o, int argc, char **argv)
{
	char *s = o->shorts;

	if (o->command)
		*s++ = '+';
	*s++ = ':';
	*s++ = 'h';
	for (const struct option *t = o->table; t->name; t++) {
		if (t->val <= 0 || t->val > 127 || !isalpha(t->val) || s > o->shorts + sizeof(o->shorts) - 4)
			continue;
		*s++ = (char)t->val;
		for (int i = 0; i < t->has_arg; i++)
			*s++ = ':';
	}
	*s = 0;
	/* getopt permutes, and wants a name in front. */
	o->copy = room((size_t)argc + 2, sizeof(*o->copy));
	o->copy[0] = (char *)o->verb;
	memcpy(o->copy + 1, argv, (size_t)argc * sizeof(*argv));
	o->words = argc + 1;
	optind = 0;
	opterr = 0;
}

static const char *suggestion(const struct console_options *o, const char *word)
{
	static char text[120];
	const char *names[64];
	size_t n = 0;
	char bare[64];
	const char *near;

	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(word, "="), word);
	for (const struct option *t = o->table; t->name && n < 63; t++)
		names[n++] = t->name;
	names[n] = NULL;
	near = console_nearest(bare, names);
	if (near)
		snprintf(text, sizeof(text), ", did you mean --%s?", near);
	return near ? text : "";
}

int console_option(struct console_options *o)
{
	int c = getopt_long(o->words, o->copy, o->shorts, o->table, NULL);
	const char *word = optind > 0 && optind <= o->words ? o->copy[optind - 1] : "";

	if (c == -1) {
		o->argc = o->words - optind;
		o->argv = o->copy + optind;
		return CONSOLE_END;
	}
	if (c == 'h' || (c == '?' && !optopt && !strcmp(word, "--help"))) {
		char *name = (char *)o->verb;

		help_main(1, &name);
		return CONSOLE_HELPED;
	}
	if (c == ':') {
		console_complain(o->verb, "%s wants a value; `race help %s` tells which", word, o->verb);
		return CONSOLE_WRONG;
	}
	if (c != '?')
		return c;
	if (optopt && !strncmp(word, "--", 2))
		console_complain(o->verb, "%.*s takes no value; `race help %s` tells more", (int)strcspn(word, "="), word, o->verb);
	else if (optopt)
		console_complain(o->verb, "unknown option -%c; `race help %s` lists them", optopt, o->verb);
	else
		console_complain(o->verb, "unknown option %s%s; `race help %s` lists them", word,
				 suggestion(o, word + strspn(word, "-")), o->verb);
	return CONSOLE_WRONG;
}

int console_options_status(int end)
{
	return end == CONSOLE_HELPED ? 0 : 2;
}

/* ---- colour, progress ------------------------------------------------------------------------------------------------- */

static int is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

int console_colour(FILE *to)
{
	const char *term = getenv("TERM");

	return isatty(fileno(to)) && !is_set("NO_COLOR") && term && strcmp(term, "dumb") != 0;
}

int console_progress_wanted(void)
{
	return isatty(STDERR_FILENO) && !is_set("CI");
}

void console_progress(const char *format, ...)
{
	char line[200];
	va_list ap;

	if (!console_progress_wanted())
		return;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	for (char *p = line; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = '?';
	}
	fprintf(stderr, "\r%.79s\033[K", line);
	fflush(stderr);
	progress_stands = 1;
}

void console_progress_end(void)
{
	if (!progress_stands)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress_stands = 0;
}
