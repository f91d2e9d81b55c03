/* SPDX-License-Identifier: MIT */
/*
 * help.c - the verbs, and what they say about themselves.
 *
 * Owns      the table, made from verbs.def. Help begins with examples: they are what most people came for.
 */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "../preload/sys/fmt.h"
#include "util/console.h"
#include "verbs.h"

static const struct verb verbs[] = {
#define VERB(name, function, arguments, summary, text) { name, arguments, summary, text, function },
#include "verbs.def"
#undef VERB
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < VERBS; i++) {
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	}
	return NULL;
}

int verb_unknown(const char *name)
{
	const char *names[VERBS + 1];
	char line[400];
	struct buf b = buf_on(line, sizeof(line));

	for (size_t i = 0; i < VERBS; i++)
		names[i] = verbs[i].name;
	names[VERBS] = NULL;
	buf_str(&b, "race: unknown verb ");
	buf_quoted(&b, name, strnlen(name, 60));
	buf_str(&b, console_did_you_mean(name, names));
	buf_str(&b, "; `race help` lists them\n");
	fputs(line, stderr);
	return 2;
}

static int usage(const struct verb *v)
{
	fprintf(stderr, "usage: race %s%s%s; `race help %s` tells more\n", v->name, v->arguments[0] ? " " : "", v->arguments, v->name);
	return 2;
}

int version_main(int argc, char **argv)
{
	if (argc > 0)
		return usage(verb_find("--version"));
	puts("race " RACE_VERSION);
	return 0;
}

static void all(void)
{
	puts("race - finds races on maps in programs as they are, and tells about them\n"
	     "\n"
	     "Examples:\n"
	     "  race run -- make test                        run a command and all it starts under librace; 66 when something is found\n"
	     "  race report --format=html > race.html        the findings of the last run as a page\n"
	     "  race explain ID                              one of them, step by step\n"
	     "  race gate --baseline known.txt               fail only for what is new\n"
	     "  race check ./server                          what will be seen of a program, and what not\n"
	     "\n"
	     "Verbs (`race help VERB` or `race VERB --help` tells more):");
	for (size_t i = 0; i < VERBS; i++)
		printf("  %-11s %s\n", verbs[i].name, verbs[i].summary);
	puts("\nWithout this command: LD_PRELOAD=/absolute/path/to/librace.so PROGRAM; RACE_OPTIONS=help=1 lists the options.");
}

int help_main(int argc, char **argv)
{
	const struct verb *v;

	if (argc > 1)
		return usage(verb_find("help"));
	if (argc == 0) {
		all();
		return 0;
	}
	v = verb_find(argv[0]);
	if (!v)
		return verb_unknown(argv[0]);
	printf("usage: race %s%s%s\n\n%s", v->name, v->arguments[0] ? " " : "", v->arguments, v->text);
	return 0;
}
