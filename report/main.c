/* SPDX-License-Identifier: MIT */
/*
 * main.c - the `race` command: which verb, and what it may be told.
 *
 * Owns      the table of verbs; help is printed from it. Status: 0, or 2 for what it does not understand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../preload/sys/fmt.h"
#include "helper.h"
#include "verbs.h"

static const struct verb {
	const char *name, *arguments, *summary, *text;
	int (*run)(int argc, char **argv);
} verbs[] = {
#define VERB(name, function, arguments, summary, text) { name, arguments, summary, text, function },
#include "verbs.def"
#undef VERB
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < VERBS; i++) {
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	}
	return NULL;
}

static int unknown_verb(const char *name)
{
	char line[400];
	struct buf b = buf_on(line, sizeof(line));
	const char *near = NULL;
	unsigned best = 3;

	for (size_t i = 0; i < VERBS; i++) {
		unsigned d = edit_distance(name, strlen(name), verbs[i].name, strlen(verbs[i].name));

		if (d < best) {
			best = d;
			near = verbs[i].name;
		}
	}
	buf_str(&b, "race: unknown verb ");
	buf_quoted(&b, name, strnlen(name, 60));
	if (near)
		buf_fmt(&b, ", did you mean `%s`?", near);
	buf_str(&b, "; `race help` lists them\n");
	fputs(line, stderr);
	return 2;
}

static int usage(const struct verb *v)
{
	fprintf(stderr, "usage: race %s%s%s\n", v->name, v->arguments[0] ? " " : "", v->arguments);
	return 2;
}

/* A full disk or a closed output is an error of this command too. */
static int printed(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	fputs("race: standard output cannot be written\n", stderr);
	return 2;
}

int version_main(int argc, char **argv)
{
	if (argc > 0)
		return usage(verb_find("--version"));
	puts("race " RACE_VERSION);
	return 0;
}

int help_main(int argc, char **argv)
{
	const struct verb *v;

	if (argc > 1)
		return usage(verb_find("help"));
	if (argc == 1) {
		v = verb_find(argv[0]);
		if (!v)
			return unknown_verb(argv[0]);
		printf("usage: race %s%s%s\n\n%s", v->name, v->arguments[0] ? " " : "", v->arguments, v->text);
		return 0;
	}
	puts("race - reads what librace.so finds\n\nusage: race VERB ...\n");
	for (size_t i = 0; i < VERBS; i++) {
		char call[120];

		snprintf(call, sizeof(call), "%s %s", verbs[i].name, verbs[i].arguments);
		if (strlen(call) > 30)
			printf("  race %s\n%*s %s\n", call, 37, "", verbs[i].summary);
		else
			printf("  race %-30s %s\n", call, verbs[i].summary);
	}
	puts("\nlibrace.so starts this command by itself to find names and lines for its reports. To check a program:\n"
	     "  LD_PRELOAD=/absolute/path/to/librace.so PROGRAM\n"
	     "RACE_OPTIONS=help=1 lists the options.");
	return 0;
}

/* `race __helper SOCKET OUTPUT`: what librace.so starts; no verb for people. */
static int run_helper(int argc, char **argv)
{
	uint64_t socket, output;

	if (argc != 2 || !parse_u64(argv[0], strlen(argv[0]), 0, 1 << 20, &socket) ||
	    !parse_u64(argv[1], strlen(argv[1]), 0, 1 << 20, &output))
		return 2;
	return helper_main((int)socket, (int)output);
}

int main(int argc, char **argv)
{
	const struct verb *v;
	int status;

	if (argc < 2) {
		fputs("usage: race VERB ...; `race help` lists the verbs\n", stderr);
		return 2;
	}
	if (!strcmp(argv[1], "__helper"))
		return run_helper(argc - 2, argv + 2);
	v = verb_find(!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help") ? "help" : argv[1]);
	if (!v)
		return unknown_verb(argv[1]);
	status = v->run(argc - 2, argv + 2);
	return printed() ? 2 : status;
}
