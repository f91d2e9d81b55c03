/* SPDX-License-Identifier: MIT */
/*
 * postmortem.c - `race postmortem ID|DIR`: an incident report as Markdown, every section filled from the records.
 *
 * Limits    an incident has at most MOST_FINDINGS, the gravest first: for each, every place that uses its map is looked up.
 *
 * What the records cannot know (what users noticed, who repaired it) is asked for in a line that begins with `To fill in:`.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../format/md.h"
#include "../verbs.h"
#include "../util/room.h"

#define MOST_FINDINGS 20

static void put_or(struct pen *p, const char *text, const char *otherwise)
{
	if (text)
		pen_put(p, "%s", text);
	else
		pen_say(p, "%s", otherwise);
}

/* The earliest and the latest of all; RFC 3339 in UTC sorts as text. */
struct span {
	const char *first, *last;
};

static void widen(struct span *s, const char *time)
{
	if (time && (!s->first || strcmp(time, s->first) < 0))
		s->first = time;
	if (time && (!s->last || strcmp(time, s->last) > 0))
		s->last = time;
}

static struct span span_of(const struct findings *set, const struct group *const *list, size_t n)
{
	struct span s = { NULL, NULL };

	for (size_t i = 0; i < n; i++) {
		widen(&s, list[i]->first);
		widen(&s, list[i]->last);
	}
	if (!s.first)
		widen(&s, set->started);
	return s;
}

static void summary(struct findings *set, FILE *to, const struct format_options *o, const struct group *const *list, size_t n, size_t left)
{
	struct pen p = pen_md(to, o);
	const struct finding *f = findings_get(set, list[0]);
	const char *program = list[0]->program;

	pen_say(&p, "# Incident: data races on maps in ");
	put_or(&p, program, "a program");
	pen_say(&p, "\n\n## Summary\n\n");
	if (n == 1)
		pen_say(&p, "librace found a defect in ");
	else
		pen_say(&p, "librace found %zu defects, in ", n);
	put_or(&p, program, "a program");
	pen_say(&p, n == 1 ? ": " : " and what it started. The gravest: ");
	if (f) {
		tell_headline(&p, f);
		pen_say(&p, ". %s", cause_meaning(f));
	}
	if (left)
		pen_say(&p, " %zu lesser ones are not in this text; `race report` lists them.", left);
	pen_say(&p, "\n\n");
	findings_release(set);
}

static void times(struct findings *set, FILE *to, const struct format_options *o, const struct group *const *list, size_t n)
{
	struct pen c = pen_md_cell(to, o);
	struct span s = span_of(set, list, n);
	int64_t seen = 0;

	for (size_t i = 0; i < n; i++)
		seen += list[i]->seen;
	pen_say(&c, "## Times\n\n| | |\n|---|---|\n| run started | ");
	put_or(&c, set->started, "not in the records");
	pen_say(&c, " |\n| first seen | ");
	put_or(&c, s.first, "not in the records");
	pen_say(&c, " |\n| last seen | ");
	put_or(&c, s.last, "not in the records");
	pen_say(&c, " |\n| reports | %" PRId64 " |\n| command | ", seen);
	put_or(&c, set->command, "not in the records");
	if (set->command_status >= 0)
		pen_say(&c, ", status %d", set->command_status);
	pen_say(&c, " |\n| host | ");
	put_or(&c, set->host, "not in the records");
	pen_say(&c, " |\n| revision | ");
	put_or(&c, set->revision, "not in the records");
	if (set->branch) {
		pen_say(&c, " on ");
		pen_put(&c, "%s", set->branch);
	}
	pen_say(&c, " |\n\nTo fill in: when it was noticed, when it was repaired.\n\n");
}

static const char *harm(const struct finding *f)
{
	if (f->kind == FINDING_DEAD_MAP)
		return "the memory of the map may belong to something else: crashes, or changes of foreign data";
	if (f->kind == FINDING_STALE_ITERATOR)
		return "a walk may skip entries, visit some twice, or touch freed memory";
	if (f->kind == FINDING_CHECK_THEN_ACT)
		return "entries are made twice, overwritten, or used after they were freed";
	if (f->resize_from >= 0 && f->resize_from != f->resize_to)
		return "the map was growing: a reader may walk a freed array, crash, or loop for ever";
	if (f->severity && !strcmp(f->severity, "high"))
		return "both calls change the structure: lost entries, a damaged chain, a crash or an endless loop later, at another place";
	if (f->severity && !strcmp(f->severity, "medium"))
		return "a resize beside a look-up or a change: wrong answers, a crash, or an endless loop";
	return "a look-up may miss an entry or read what is being changed";
}

static void impact(struct findings *set, FILE *to, const struct format_options *o, const struct group *const *list, size_t n)
{
	struct pen c = pen_md_cell(to, o);

	pen_say(&c, "## Impact\n\n| | finding | what | what it can do |\n|---|---|---|---|\n");
	for (size_t i = 0; i < n; i++) {
		const struct finding *f = findings_get(set, list[i]);

		if (f) {
			pen_say(&c, "| %zu | ", i + 1);
			tell_headline(&c, f);
			pen_say(&c, " | ");
			tell_class(&c, f);
			pen_say(&c, " | %s |\n", harm(f));
		}
		findings_release(set);
	}
	pen_say(&c, "\n%" PRId64 " process%s left a record. To fill in: what users noticed, and for how long.\n\n", set->distinct, set->distinct == 1 ? "" : "es");
}

static void threads_and_maps(struct findings *set, FILE *to, const struct format_options *o, const struct group *const *list, size_t n)
{
	struct pen p = pen_md(to, o), c = pen_md_cell(to, o);

	pen_say(&p, "## Threads\n\n");
	for (size_t i = 0; i < n; i++) {
		const struct finding *f = findings_get(set, list[i]);

		if (f && n > 1)
			pen_say(&p, "Finding %zu:\n\n", i + 1);
		if (f)
			md_threads(to, o, f);
		findings_release(set);
	}
	pen_say(&p, "## Maps\n\n| | map | entries | created in |\n|---|---|---|---|\n");
	for (size_t i = 0; i < n; i++) {
		const struct finding *f = findings_get(set, list[i]);

		if (f) {
			pen_say(&c, "| %zu | ", i + 1);
			tell_map(&c, f);
			pen_say(&c, " | ");
			if (f->entries >= 0)
				pen_say(&c, "%" PRId64, f->entries);
			else
				pen_say(&c, "not known");
			pen_say(&c, " | ");
			tell_where(&c, &f->created);
			pen_say(&c, " |\n");
		}
		findings_release(set);
	}
	pen_say(&p, "\n");
}

static void event(struct pen *c, const char *time, const char *words)
{
	pen_say(c, "| ");
	put_or(c, time, "not known");
	pen_say(c, " | %s", words);
}

static int by_time(const void *a, const void *b)
{
	const struct group *x = *(const struct group *const *)a, *y = *(const struct group *const *)b;
	int order = strcmp(x->first ? x->first : "", y->first ? y->first : "");

	return order ? order : strcmp(x->fingerprint, y->fingerprint);
}

static void timeline(struct findings *set, FILE *to, const struct format_options *o, const struct group *const *list, size_t n)
{
	struct pen c = pen_md_cell(to, o);
	const struct group **sorted = room(n, sizeof(*sorted));

	memcpy(sorted, list, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_time);
	pen_say(&c, "## Timeline\n\n| time | event |\n|---|---|\n");
	for (size_t i = 0; i < set->nprocesses && i < 20; i++) {
		event(&c, set->processes[i].start, "process ");
		put_or(&c, set->processes[i].program, "of unknown name");
		pen_say(&c, " (%" PRId64 ") began |\n", set->processes[i].pid);
	}
	for (size_t i = 0; i < n; i++) {
		const struct finding *f = findings_get(set, sorted[i]);

		if (f) {
			event(&c, sorted[i]->first ? sorted[i]->first : f->time, "");
			tell_headline(&c, f);
			if (f->has_before) {
				pen_say(&c, ": ");
				tell_apart(&c, f);
			}
			pen_say(&c, " |\n");
		}
		findings_release(set);
	}
	for (size_t i = 0; i < set->nprocesses && i < 20; i++) {
		if (!set->processes[i].end)
			continue;
		event(&c, set->processes[i].end, "process ");
		put_or(&c, set->processes[i].program, "of unknown name");
		pen_say(&c, " (%" PRId64 ") ended |\n", set->processes[i].pid);
	}
	pen_say(&c, "\n");
	free(sorted);
}

static void causes_and_fixes(struct findings *set, FILE *to, const struct format_options *o, const struct group *const *list, size_t n)
{
	struct pen p = pen_md(to, o);

	pen_say(&p, "## Root cause\n\n");
	for (size_t i = 0; i < n; i++) {
		const struct finding *f = findings_get(set, list[i]);

		if (f) {
			if (n > 1)
				pen_say(&p, "Finding %zu: ", i + 1);
			pen_say(&p, "%s", cause_meaning(f));
			if (f->cause_text) {
				pen_say(&p, " In the words of the report: ");
				pen_put(&p, "%s", f->cause_text);
				pen_say(&p, ".");
			}
			pen_say(&p, "\n\n");
			md_flow(to, o, f);
		}
		findings_release(set);
	}
	pen_say(&p, "## Fix\n\n");
	for (size_t i = 0; i < n; i++) {
		struct sites sites;
		const struct finding *f;

		sites_collect(&sites, set, list[i]);
		f = findings_get(set, list[i]);
		if (f) {
			if (n > 1)
				pen_say(&p, "Finding %zu:\n\n", i + 1);
			md_advice(to, o, f, &sites);
		}
		sites_free(&sites);
		findings_release(set);
	}
}

static void follow_ups(FILE *to, const struct format_options *o, const struct group *const *list, size_t n)
{
	struct pen p = pen_md(to, o);

	pen_say(&p, "## Follow-ups\n\n");
	for (size_t i = 0; i < n; i++)
		pen_say(&p, "- [ ] repair finding %zu; `race explain %.12s` lists every call to look at\n", i + 1, list[i]->fingerprint);
	pen_say(&p, "- [ ] run the same command again under `race run`: the finding must be gone\n"
		    "- [ ] let CI fail on new findings: `race gate`\n"
		    "- [ ] look for other maps that are used in the same way: `race check PROGRAM`\n"
		    "- [ ] To fill in: who, until when\n");
}

static void document(struct findings *set, const struct format_options *o, const struct group *const *list, size_t n, size_t left)
{
	summary(set, stdout, o, list, n, left);
	times(set, stdout, o, list, n);
	impact(set, stdout, o, list, n);
	threads_and_maps(set, stdout, o, list, n);
	timeline(set, stdout, o, list, n);
	causes_and_fixes(set, stdout, o, list, n);
	follow_ups(stdout, o, list, n);
}

int postmortem_main(int argc, char **argv)
{
	struct format_options options = { NULL, 0, 0 };
	const struct group **list;
	struct findings set;
	size_t n = 0, left = 0, at = 0;
	int id, status = 0;

	argc = tell_options(argc, argv, &options, "postmortem");
	if (argc < 0)
		return 2;
	/* what exists as a file or folder is one */
	id = argc > 0 && access(argv[0], F_OK) != 0;
	status = findings_load(&set, "postmortem", argc - id, argv + id);
	if (status)
		return status;
	list = room(MOST_FINDINGS + 1, sizeof(*list));
	if (list && id) {
		list[0] = findings_find(&set, "postmortem", argv[0]);
		n = list[0] != NULL;
		status = n ? 0 : 2;
	} else if (list) {
		while (n < MOST_FINDINGS && (list[n] = tell_next(&set, 0, &at)))
			n++;
		while (n == MOST_FINDINGS && tell_next(&set, 0, &at))
			left++;
	}
	if (n)
		document(&set, &options, list, n, left);
	else if (!status)
		puts("# No incident\n\nThe records hold no finding that counts.");
	free(list);
	findings_free(&set);
	return status;
}
