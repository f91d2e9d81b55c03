/* SPDX-License-Identifier: MIT */
/*
 * console.h - what the verbs share towards people: options, one-line complaints, colours, progress.
 *
 * Text      whatever is handed in may come from a log, a file or the environment: control characters never reach the terminal.
 * Silence   progress is for somebody who waits at a terminal: nothing when standard error is none, or in CI.
 */
#ifndef RACE_REPORT_CONSOLE_H
#define RACE_REPORT_CONSOLE_H

#include <getopt.h>
#include <stdio.h>

/* `race VERB: ...` as one line on standard error, cleaned. Returns 2, the status of what is wrong with the command line. */
int console_complain(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The nearest of the names (NULL-terminated); NULL when none is near. */
const char *console_nearest(const char *word, const char *const *names);

/* ", did you mean `NAME`?" or "": the text lies in a static buffer until the next call. */
const char *console_did_you_mean(const char *word, const char *const *names);

/* ---- options ----
 *
 *	struct console_options o = { .verb = "gate", .table = table };
 *	console_options_begin(&o, argc, argv);
 *	while ((c = console_option(&o)) >= 0) switch (c) { ... optarg ... }
 *	if (c != CONSOLE_END)
 *		return console_options_status(c);
 *	... o.argc words remain, from o.argv ...
 *
 * `table` is getopt_long's; a val that is a letter is a short option too. --help and -h print the verb's help. */
enum { CONSOLE_END = -1, CONSOLE_HELPED = -2, CONSOLE_WRONG = -3 };

struct console_options {
	const char *verb;
	const struct option *table;
	int command;              /* stop at the first word that is no option: the rest is a command of its own */
	int argc;                 /* what remains */
	char **argv;
	char shorts[128], **copy; /* private */
	int words;
};

void console_options_begin(struct console_options *o, int argc, char **argv);
int console_option(struct console_options *o);
int console_options_status(int end);

/* ---- colour, progress ---- */

/* 1 when `to` is a terminal that wants colours. */
int console_colour(FILE *to);

/* One line that is overwritten by the next one and goes away with console_progress_end(). */
void console_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void console_progress_end(void);
int console_progress_wanted(void);

/* Text without control characters, in place of them \xNN. The result is malloc'ed. */
char *console_clean(const char *text);

#endif
