/* SPDX-License-Identifier: MIT */
/*
 * disassemble.c - instructions around an address, by objdump of binutils.
 *
 * objdump is started by posix_spawnp with its arguments in an array: no shell. Its output is text of a foreign file, which is
 * cleaned. Where an instruction begins is known from the function's start; without one, starts are tried until a listing has an
 * instruction that begins at the address.
 */
#include "disassemble.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

#define AROUND 3          /* instructions on each side */
#define FAR 16384         /* a function longer than this is not listed from its start */
#define BEFORE 96
#define AFTER 64
#define INSTRUCTIONS (FAR + AFTER)

static struct instruction {
	uint64_t address;
	char text[120];
} listed[INSTRUCTIONS];
static size_t nlisted;
static int absent; /* there is no objdump */

extern char **environ;

/* Its standard output as a stream; NULL when it cannot be started. */
static FILE *objdump_start(const char *path, uint64_t from, uint64_t to, pid_t *pid)
{
	char start[40], stop[40];
	char *const argv[] = {(char[]){"objdump"}, (char[]){"-d"}, (char[]){"-C"}, (char[]){"-w"},
			      (char[]){"--no-show-raw-insn"}, start, stop, (char *)path, NULL};
	posix_spawn_file_actions_t actions;
	int pipes[2], bad;
	FILE *f = NULL;

	snprintf(start, sizeof(start), "--start-address=0x%llx", (unsigned long long)from);
	snprintf(stop, sizeof(stop), "--stop-address=0x%llx", (unsigned long long)to);
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	bad = posix_spawnp(pid, "objdump", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	if (!bad)
		f = fdopen(pipes[0], "r");
	if (!f)
		close(pipes[0]);
	if (!bad && !f)
		waitpid(*pid, NULL, 0);
	return f;
}

/* "    1189:\tcall   1040 <foo@plt>" */
static void line_add(char *line)
{
	char *colon = strchr(line, ':'), *s = line + strspn(line, " ");
	struct instruction *i = &listed[nlisted];
	struct buf b = buf_on(i->text, sizeof(i->text));

	if (!colon || colon == s || colon[1] != '\t' || nlisted == INSTRUCTIONS ||
	    !log_address(s, (size_t)(colon - s), &i->address))
		return;
	s = colon + 2;
	s[strcspn(s, "\n")] = 0;
	for (char *tab = s; (tab = strchr(tab, '\t')) != NULL;)
		*tab = ' ';
	for (size_t n = strlen(s); n && s[n - 1] == ' ';)
		s[--n] = 0;
	buf_clean(&b, s);
	nlisted++;
}

/* 0; -1 when objdump cannot be had. */
static int list(const char *path, uint64_t from, uint64_t to)
{
	char *line = NULL;
	size_t cap = 0;
	int status = 0;
	pid_t pid;
	FILE *f = objdump_start(path, from, to, &pid);

	nlisted = 0;
	if (!f)
		return -1;
	while (getline(&line, &cap, f) > 0)
		line_add(line);
	free(line);
	fclose(f);
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return -1;
	return 0;
}

/* Index of the instruction at the address, or of the one before it; -1: none begins there. */
static int instruction_at(uint64_t address, int returns)
{
	for (size_t i = 0; i < nlisted; i++) {
		if (listed[i].address == address)
			return (int)i - returns;
	}
	return -1;
}

int disassemble(const char *verb, const char *path, uint64_t start, uint64_t address, int returns, struct buf *out)
{
	uint64_t to = address + AFTER;
	int at = -1;

	returns = returns != 0;
	if (absent || to < address)
		return 0;
	if (!start || start > address || address - start > FAR)
		start = 0;
	for (unsigned step = 0; at < 0 && step < 16; step++) {
		uint64_t from = start ? start : (address > BEFORE ? address - BEFORE : 0) + step;

		if (from > address || list(path, from, to) != 0) {
			absent = from <= address;
			break;
		}
		at = instruction_at(address, returns);
		if (start)
			break;
	}
	if (absent)
		fprintf(stderr, "race: %s: --asm needs objdump, of the package binutils; goes on without\n", verb);
	if (at < 0)
		return 0;
	for (int i = at > AROUND ? at - AROUND : 0; i <= at + AROUND && (size_t)i < nlisted; i++)
		buf_fmt(out, "      %s %lx: %s\n", i == at ? "=>" : "  ", (unsigned long)listed[i].address, listed[i].text);
	return 1;
}
