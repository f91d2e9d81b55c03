/* SPDX-License-Identifier: MIT */
/*
 * main.c - the `race` command: which verb it is.
 *
 * Status    the verb's; 2 for what it does not understand, and when standard output could not be written.
 */
#include <stdio.h>
#include <string.h>

#include "../preload/sys/fmt.h"
#include "help.h"
#include "helper/helper.h"
#include "verbs.h"

/* A full disk or a closed output is an error of this command too. What a command that it ran had to say goes before. */
static int printed(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fputs("race: standard output cannot be written\n", stderr);
	return status ? status : 2;
}

/* `race __helper SOCKET OUTPUT RECORD` (-: no record): what librace.so starts; no verb for people. */
static int run_helper(int argc, char **argv)
{
	uint64_t socket, output, record = 0;
	int recorded = argc == 3 && strcmp(argv[2], "-") != 0;

	if (argc != 3 || !parse_u64(argv[0], strlen(argv[0]), 0, 1 << 20, &socket) ||
	    !parse_u64(argv[1], strlen(argv[1]), 0, 1 << 20, &output) ||
	    (recorded && !parse_u64(argv[2], strlen(argv[2]), 0, 1 << 20, &record)))
		return 2;
	return helper_main((int)socket, (int)output, recorded ? (int)record : -1);
}

static int asks_for_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h");
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
	v = verb_find(asks_for_help(argv[1]) ? "help" : argv[1]);
	if (!v)
		return verb_unknown(argv[1]);
	if (argc > 2 && asks_for_help(argv[2]) && v != verb_find("help"))
		return printed(help_main(1, argv + 1));
	return printed(v->run(argc - 2, argv + 2));
}
