/* SPDX-License-Identifier: MIT */
/*
 * run_tell.c - what `race run` says at its end, all on standard error: the new reports whole, then a few lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/console.h"
#include "run.h"
#include "../util/room.h"

#define SHOWN 20

static void tell_reports(const struct run_telling *t, const struct run_dir *d, struct findings *set, const struct baseline *b,
			 const struct verdict *v)
{
	long shown = 0;

	for (size_t i = 0; i < set->ngroups; i++) {
		const struct group *g = &set->groups[i];
		const struct finding *f;

		if (!gate_is_new(g, b))
			continue;
		if (shown == SHOWN && !t->all) {
			fprintf(stderr, "race run: %ld more are left out; `race report %s` prints all\n", (long)v->fresh - SHOWN, d->shown);
			break;
		}
		shown++;
		fprintf(stderr, "Finding %ld of %ld: %.12s, seen %ld time%s in %ld process%s\n", shown, (long)v->fresh, g->fingerprint,
			(long)g->seen, g->seen == 1 ? "" : "s", (long)g->processes, g->processes == 1 ? "" : "es");
		f = findings_get(set, g);
		if (f && f->text)
			fputs(f->text, stderr);
		findings_release(set);
	}
}

/* In a shell's words, where it is needed. */
static char *quoted(const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-+=:,@%";
	char *text = room(1, 4 * strlen(word) + 3), *to = text, *clean;

	if (*word && !word[strspn(word, plain)]) {
		strcpy(text, word);
	} else {
		*to++ = '\'';
		for (; *word; word++)
			to += *word == '\'' ? sprintf(to, "'\\''") : sprintf(to, "%c", *word);
		strcpy(to, "'");
	}
	clean = console_clean(text);
	free(text);
	return clean;
}

void run_tell_end(const struct config *c, const struct run_state *s, const struct run_end *end)
{
	char *name = console_clean(s->command[0]);

	if (end->not_started)
		fprintf(stderr, "race run: %s cannot be run: %s; status %d; `race run -- CMD ARGS` wants a program\n", name,
			strerror(end->not_started), s->status);
	else if (end->signal)
		fprintf(stderr, "race run: the command was ended by signal %d (%s); status %d is kept\n", end->signal, strsignal(end->signal), s->status);
	else if (s->status)
		fprintf(stderr, "race run: the command ended with status %d, which is kept\n", s->status);
	free(name);
}

void run_tell(const struct config *c, const struct run_telling *t, const struct run_dir *d, struct findings *set, const struct baseline *b,
	      const struct verdict *v, const struct run_state *s, const struct run_end *end)
{
	char *directory, runs[40];
	const struct group *first = NULL;

	if (t->quiet && !v->above && !v->unchecked && !end->not_started)
		return;
	if (t->quiet != 1)
		tell_reports(t, d, set, b, v);
	run_tell_end(c, s, end);
	if (end->not_started)
		return;
	gate_tell_gone(stderr, b, v);
	gate_tell(stderr, set, c, b, v);
	if (set->nprocesses == 0 && !v->unchecked)
		fputs("race run: nothing was checked: librace was loaded into no process; `race check BINARY` tells why\n", stderr);
	for (size_t i = 0; i < set->ngroups && !first; i++)
		first = gate_is_new(&set->groups[i], b) ? &set->groups[i] : NULL;
	directory = quoted(d->shown);
	runs[0] = 0;
	if (s->runs > 1)
		snprintf(runs, sizeof(runs), " of %d runs", s->runs);
	if (first)
		fprintf(stderr, "race run: records%s in %s; next: race explain %.8s%s%s, race report --format=html %s > race.html\n", runs, directory,
			first->fingerprint, strcmp(d->shown, "librace.out") ? " " : "", strcmp(d->shown, "librace.out") ? directory : "", directory);
	else
		fprintf(stderr, "race run: records%s in %s; next: race report %s\n", runs, directory, directory);
	free(directory);
}
