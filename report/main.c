/* SPDX-License-Identifier: MIT */
/*
 * main.c - the `race` command: which verb, and what it may be told.
 *
 * Owns      the table of verbs; help is printed from it. Status: 0, or 2 for what it does not understand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "helper.h"
#include "info.h"
#include "symbolize_log.h"
#include "whatis.h"

static int run_check(int argc, char **argv);
static int run_help(int argc, char **argv);
static int run_info(int argc, char **argv);
static int run_symbolize(int argc, char **argv);
static int run_whatis(int argc, char **argv);
static int run_version(int argc, char **argv);

static const struct verb {
	const char *name, *arguments, *summary, *text;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{ "check", "BINARY [--json]", "what librace will see of a program, and what not",
	  "Reads the binary and the libraries it needs, without running anything, and lists which maps and locks will be\n"
	  "seen and how, what stays invisible, why, and what to do about it. --json prints the same for programs.\n"
	  "Status: 0 with the list; 2 when BINARY is no ELF file.\n", run_check },
	{ "info", "[--family NAME] [--json]", "the families that librace knows, and what it reads of them",
	  "Lists the kinds of maps (and the groups of synchronisation) that librace.so hooks: functions with role and effective\n"
	  "access, contract, the library as installed here, and which fields of the library's own structs are read, where\n"
	  "they lie, what for, and how a run makes sure of them. --json prints the same for programs.\n", run_info },
	{ "symbolize", "[--debug-dir DIR]... [--binary FILE]... [--asm] [LOG|-|ADDR...]", "names and lines for a log written without them",
	  "Reads a text log of reports (default: standard input) and writes it with frames of the form `module +0xOFF`\n"
	  "resolved to file and line; what cannot be resolved stays as it is. A module is the FILE of that name or SONAME,\n"
	  "else the one that the loader would find; separate debug files are found by build-id below each DIR, and beside\n"
	  "the file. --asm adds the instructions around each access, by objdump. With one FILE and hexadecimal addresses,\n"
	  "prints the frames of those.\n", run_symbolize },
	{ "whatis", "[--pid PID] [--log FILE]... ADDR", "what lies at an address",
	  "Tells which variable or function, heap block, stack, or mapping of process PID has the address, and which map\n"
	  "with its label the reports in FILE know there. Status: 0 when something is known, 1 when nothing is.\n",
	  run_whatis },
	{ "help", "[VERB]", "what the verbs do",
	  "Without VERB, lists the verbs; with it, tells about that one.\n", run_help },
	{ "--version", "", "the version",
	  "Prints `race VERSION`. librace.so and race belong together: a helper of another version is not used.\n",
	  run_version },
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

static int run_version(int argc, char **argv)
{
	if (argc > 0)
		return usage(verb_find("--version"));
	puts("race " RACE_VERSION);
	return printed();
}

static int run_check(int argc, char **argv)
{
	int status = check_main(argc, argv);

	return printed() ? 2 : status;
}

static int run_info(int argc, char **argv)
{
	int status = info_main(argc, argv);

	return printed() ? 2 : status;
}

static int run_symbolize(int argc, char **argv)
{
	int status = symbolize_main(argc, argv);

	return printed() ? 2 : status;
}

static int run_whatis(int argc, char **argv)
{
	int status = whatis_main(argc, argv);

	return printed() ? 2 : status;
}

static int run_help(int argc, char **argv)
{
	const struct verb *v;

	if (argc > 1)
		return usage(verb_find("help"));
	if (argc == 1) {
		v = verb_find(argv[0]);
		if (!v)
			return unknown_verb(argv[0]);
		printf("usage: race %s%s%s\n\n%s", v->name, v->arguments[0] ? " " : "", v->arguments, v->text);
		return printed();
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
	return printed();
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

	if (argc < 2) {
		fputs("usage: race VERB ...; `race help` lists the verbs\n", stderr);
		return 2;
	}
	if (!strcmp(argv[1], "__helper"))
		return run_helper(argc - 2, argv + 2);
	v = verb_find(!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help") ? "help" : argv[1]);
	return v ? v->run(argc - 2, argv + 2) : unknown_verb(argv[1]);
}
