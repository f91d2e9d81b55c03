/* SPDX-License-Identifier: MIT */
/*
 * format_github.c - GitHub's workflow commands: `::error` for what counts, `::warning` for the rest; and the whole as Markdown at
 * the end of the step's summary, where GITHUB_STEP_SUMMARY names its file.
 *
 * Limits    GitHub shows ten errors and ten warnings of a step, and takes 1024 KiB of summary: no more is written, and a notice
 *           tells how many were left out and how to see them.
 * Hostile   texts stay inside the command that carries them: every line begins with a command of ours, line ends and per cent
 *           signs are encoded, in properties colons and commas too. `##[` (the older form, looked for inside a line) is broken up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "md.h"

#define MOST_SHOWN 10
#define SUMMARY_BYTES (1000u * 1024)

static void put_encoded(FILE *to, const char *s, int property)
{
	for (; *s; s++) {
		switch (*s) {
		case '%': fputs("%25", to); break;
		case '\r': fputs("%0D", to); break;
		case '\n': fputs("%0A", to); break;
		case ':': fputs(property ? "%3A" : ":", to); break;
		case ',': fputs(property ? "%2C" : ",", to); break;
		case '#': fputs(s[1] == '#' && s[2] == '[' ? "# " : "#", to); break;
		default: fputc(*s, to);
		}
	}
}

static char *title(const struct finding *f)
{
	struct text t;
	struct pen p = pen_plain(text_begin(&t));

	tell_class(&p, f);
	pen_say(&p, ": ");
	tell_map(&p, f);
	return text_end(&t);
}

static void put_side(struct pen *p, const struct finding *f, const struct finding_access *a, const char *what)
{
	pen_say(p, "%s by ", what);
	tell_thread_of(p, f, a);
	pen_say(p, " in ");
	tell_where(p, &a->stack);
	pen_say(p, ", holding ");
	tell_locks(p, a);
	pen_say(p, "\n");
}

static char *message(const struct format_options *o, const struct finding *f)
{
	struct advice advice[ADVICE_MOST];
	int n = advice_for(f, NULL, advice);
	struct text t;
	struct pen p = pen_plain(text_begin(&t));

	p.options = o;
	tell_headline(&p, f);
	pen_say(&p, "\n");
	put_side(&p, f, &f->now, f->now.write ? "Write" : "Read");
	if (f->has_before)
		put_side(&p, f, &f->before, f->before.write ? "Previous write" : "Previous read");
	if (f->cause)
		pen_say(&p, "Cause: %s\n", cause_meaning(f));
	if (n > 0)
		pen_say(&p, "Repair: %s\n", advice[0].title);
	pen_say(&p, "More: race explain %.12s", f->fingerprint);
	return text_end(&t);
}

static void put_command(FILE *to, const struct format_options *o, const struct finding *f, int error)
{
	const struct finding_frame *source = tell_source(f);
	char *head = title(f), *text = message(o, f), *file = source ? tell_shown(format_path(o, source->file)) : NULL;

	fprintf(to, "::%s ", error ? "error" : "warning");
	if (file) {
		fputs("file=", to);
		put_encoded(to, file, 1);
		if (source->line > 0)
			fprintf(to, ",line=%d", source->line);
		fputs(",", to);
	}
	fputs("title=", to);
	put_encoded(to, head, 1);
	fputs("::", to);
	put_encoded(to, text, 0);
	fputs("\n", to);
	free(file);
	free(head);
	free(text);
}

/* The summary is of the step's own file; other commands of the step may have written to it. */
static int write_summary(struct findings *set, const struct format_options *o, const char *name)
{
	FILE *to = fopen(name, "a");
	size_t left;
	int bad;

	if (!to) {
		fprintf(stderr, "race report: GITHUB_STEP_SUMMARY: %s; unset it, or name a file that can be written\n", strerror(errno));
		return 2;
	}
	left = md_document(set, o, to, SUMMARY_BYTES);
	if (left)
		fprintf(to, "\n%zu more findings have no section here: the summary of a step is limited. `race report --format=md` prints all.\n", left);
	fputs("\n", to);
	bad = ferror(to);
	if (fclose(to) || bad) {
		fputs("race report: the file of GITHUB_STEP_SUMMARY cannot be written; is the disk full?\n", stderr);
		return 2;
	}
	return 0;
}

int format_github(struct findings *set, const struct format_options *o, FILE *to)
{
	const char *summary = getenv("GITHUB_STEP_SUMMARY");
	const struct group *g;
	size_t at = 0, errors = 0, warnings = 0;

	while ((g = tell_next(set, o->all, &at))) {
		int error = g->counts && g->class != CLASS_POSSIBLE;
		size_t *n = error ? &errors : &warnings;
		const struct finding *f;

		if (++*n > MOST_SHOWN)
			continue;
		f = findings_get(set, g);
		if (f)
			put_command(to, o, f, error);
		findings_release(set);
	}
	if (errors > MOST_SHOWN || warnings > MOST_SHOWN)
		fprintf(to, "::notice title=librace::%zu findings; %zu of them have no line of their own, because GitHub shows %d of a kind. %s\n",
			errors + warnings, (errors > MOST_SHOWN ? errors - MOST_SHOWN : 0) + (warnings > MOST_SHOWN ? warnings - MOST_SHOWN : 0), MOST_SHOWN,
			summary && summary[0] ? "All are in the summary of this step." : "race report --format=md prints all.");
	return summary && summary[0] ? write_summary(set, o, summary) : 0;
}
