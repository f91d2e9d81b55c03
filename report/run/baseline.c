/* SPDX-License-Identifier: MIT */
/*
 * baseline.c - reading and writing the list of known findings, and `race baseline`.
 *
 * Grammar   of the text file: blank lines, `# comment`, and `FINGERPRINT [# comment]`. Anything else is told with its line and
 *           refused: a baseline that is half read would let pass or fail the wrong findings.
 */
#include "baseline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util/console.h"
#include "../util/output.h"
#include "../verbs.h"
#include "../util/room.h"

#define LINE_MAX_BYTES 4096
#define HEADLINE 400

struct baseline_entry *baseline_find(const struct baseline *b, const char *fingerprint)
{
	struct baseline_entry *e;

	HASH_FIND_STR(b->entries, fingerprint, e);
	return e;
}

static void add(struct baseline *b, const char *fingerprint, const char *note)
{
	struct baseline_entry *e = baseline_find(b, fingerprint);

	if (e)
		return;
	e = room(1, sizeof(*e));
	e->note = room_copy(note);
	memcpy(e->fingerprint, fingerprint, FINGERPRINT_DIGITS);
	HASH_ADD_STR(b->entries, fingerprint, e);
}

void baseline_free(struct baseline *b)
{
	struct baseline_entry *e, *next;

	HASH_ITER(hh, b->entries, e, next) {
		HASH_DEL(b->entries, e);
		free(e->note);
		free(e);
	}
	b->entries = NULL;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------- */

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

static int take_line(struct baseline *b, const char *verb, size_t number, char *line)
{
	const char *p = skip_blanks(line), *rest, *note;
	char fingerprint[FINGERPRINT_DIGITS + 1];
	size_t digits = strspn(p, "0123456789abcdefABCDEF");

	if (!*p || *p == '#')
		return 0;
	rest = skip_blanks(p + digits);
	if (digits != FINGERPRINT_DIGITS || (*rest && (*rest != '#' || rest == p + digits))) {
		line[strcspn(line, "\r\n")] = 0;
		return console_complain(verb, "%s:%zu: \"%.60s\" is no line of a baseline; allowed are a fingerprint of %d hexadecimal digits, "
				       "then # and a comment; `race baseline DIR` writes such a file", b->name, number, line, FINGERPRINT_DIGITS);
	}
	for (int i = 0; i < FINGERPRINT_DIGITS; i++)
		fingerprint[i] = p[i] >= 'A' && p[i] <= 'F' ? (char)(p[i] + 'a' - 'A') : p[i];
	fingerprint[FINGERPRINT_DIGITS] = 0;
	note = *rest ? skip_blanks(rest + 1) : rest;
	line[strlen(line) - strlen(note) + strcspn(note, "\r\n")] = 0;
	add(b, fingerprint, note);
	return 0;
}

static int read_text(struct baseline *b, const char *verb, FILE *f)
{
	char *line = NULL;
	size_t cap = 0, number = 0;
	ssize_t n;
	int status = 0;

	while (!status && (n = getline(&line, &cap, f)) >= 0) {
		number++;
		if ((size_t)n != strlen(line) || n > LINE_MAX_BYTES)
			status = console_complain(verb, "%s:%zu: a line with NUL bytes or of more than %d bytes is no line of a baseline; "
						  "`race baseline DIR` writes such a file", b->name, number, LINE_MAX_BYTES);
		else
			status = take_line(b, verb, number, line);
	}
	if (!status && ferror(f))
		status = console_complain(verb, "baseline %s: %s", b->name, strerror(errno));
	free(line);
	return status;
}

static void headline(struct findings *set, const struct group *g, char *to, size_t cap)
{
	const struct finding *f = findings_get(set, g);

	to[0] = 0;
	if (f)
		finding_headline(f, to, cap);
	findings_release(set);
}

static int read_records(struct baseline *b, const char *verb)
{
	struct findings set;
	char *name = (char *)b->name, text[HEADLINE];
	int status = findings_load(&set, verb, 1, &name);

	if (!status && findings_unread(&set)) {
		status = console_complain(verb, "baseline %s: no record and no report could be read in it; `race baseline DIR > FILE` makes one", b->name);
		findings_free(&set);
	}
	for (size_t i = 0; !status && i < set.ngroups; i++) {
		headline(&set, &set.groups[i], text, sizeof(text));
		add(b, set.groups[i].fingerprint, text);
	}
	if (!status)
		findings_free(&set);
	return status;
}

/* A record begins with {, a text log has the rule of a report somewhere near its beginning. */
static int is_records(FILE *f)
{
	char start[8192];
	size_t n = fread(start, 1, sizeof(start) - 1, f);
	const char *p;

	rewind(f);
	start[n] = 0;
	p = skip_blanks(start);
	return *p == '{' || strstr(start, "\n==================") || !strncmp(start, "==================", 18);
}

int baseline_load(struct baseline *b, const char *verb, const char *name)
{
	struct stat st;
	FILE *f;
	int status;

	*b = (struct baseline){ NULL, name };
	if (!name)
		return 0;
	f = fopen(name, "re");
	if (!f || fstat(fileno(f), &st)) {
		status = console_complain(verb, "baseline %s: %s; `race baseline DIR > FILE` makes one", name, strerror(errno));
		if (f)
			fclose(f);
		return status;
	}
	if (S_ISDIR(st.st_mode) || is_records(f))
		status = read_records(b, verb);
	else
		status = read_text(b, verb, f);
	fclose(f);
	if (status)
		baseline_free(b);
	return status;
}

/* ---- writing ---------------------------------------------------------------------------------------------------------- */

static int by_fingerprint(const void *a, const void *b)
{
	return strcmp((*(struct group *const *)a)->fingerprint, (*(struct group *const *)b)->fingerprint);
}

/* By fingerprint: a finding that comes or goes changes one line of the file. */
void baseline_print(struct findings *set, FILE *to)
{
	struct group **sorted = room(set->ngroups + 1, sizeof(*sorted));
	char text[HEADLINE];

	fputs("# Findings that are known to librace's gate: they pass. One fingerprint a line; what follows # is for people.\n"
	      "# Made by `race baseline`; a line that is taken out makes its finding count again.\n", to);
	for (size_t i = 0; i < set->ngroups; i++)
		sorted[i] = &set->groups[i];
	qsort(sorted, set->ngroups, sizeof(*sorted), by_fingerprint);
	for (size_t i = 0; i < set->ngroups; i++) {
		if (!sorted[i]->counts)
			continue;
		headline(set, sorted[i], text, sizeof(text));
		fprintf(to, "%s # %s%s%s\n", sorted[i]->fingerprint, sorted[i]->program ? sorted[i]->program : "",
			sorted[i]->program ? ": " : "", text);
	}
	free(sorted);
}

int baseline_write(struct findings *set, const char *verb, const char *name)
{
	struct output o;
	int bad = output_open(&o, name);

	if (!bad) {
		baseline_print(set, o.to);
		bad = output_close(&o, 1);
	}
	return bad ? console_complain(verb, "baseline %s cannot be written: %s", name, strerror(errno)) : 0;
}

int baseline_main(int argc, char **argv)
{
	static const struct option table[] = { { NULL, 0, NULL, 0 } };
	struct console_options o = { .verb = "baseline", .table = table };
	struct findings set;
	int option, status;

	console_options_begin(&o, argc, argv);
	option = console_option(&o);
	status = option == CONSOLE_END ? findings_load(&set, "baseline", o.argc, o.argv) : console_options_status(option);
	if (option == CONSOLE_END && status == 0) {
		baseline_print(&set, stdout);
		findings_free(&set);
	}
	free(o.copy);
	return status;
}
