/* SPDX-License-Identifier: MIT */
/*
 * format_md.c - Markdown: what was run, a table of findings, a section for each.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "md.h"

static void put_run(struct findings *set, FILE *to, const struct format_options *o, size_t shown)
{
	struct pen c = pen_md_cell(to, o);
	size_t with = 0;

	for (size_t i = 0; i < set->nprocesses; i++)
		with += set->processes[i].findings > 0;
	pen_say(&c, "# librace: %zu finding%s\n\n", shown, shown == 1 ? "" : "s");
	pen_say(&c, "| | |\n|---|---|\n| processes | %zu, %zu of them with findings |\n", set->nprocesses, with);
	pen_say(&c, "| reports | %" PRId64 " |\n", set->reports);
	if (set->command) {
		pen_say(&c, "| command | ");
		pen_put(&c, "%s", set->command);
		if (set->command_status >= 0)
			pen_say(&c, ", status %d", set->command_status);
		pen_say(&c, " |\n");
	}
	if (set->started) {
		pen_say(&c, "| started | ");
		pen_put(&c, "%s", set->started);
		pen_say(&c, " |\n");
	}
	if (set->branch || set->revision) {
		pen_say(&c, "| revision | ");
		if (set->revision)
			pen_put(&c, "%s", set->revision);
		if (set->branch) {
			pen_say(&c, set->revision ? " on " : "on ");
			pen_put(&c, "%s", set->branch);
		}
		pen_say(&c, " |\n");
	}
	if (set->host) {
		pen_say(&c, "| host | ");
		pen_put(&c, "%s", set->host);
		pen_say(&c, " |\n");
	}
	if (set->version) {
		pen_say(&c, "| librace | ");
		pen_put(&c, "%s", set->version);
		pen_say(&c, " |\n");
	}
	for (size_t i = 0; set->tags && set->tags[i]; i++) {
		pen_say(&c, i ? " " : "| tags | ");
		pen_put(&c, "%s", set->tags[i]);
		if (!set->tags[i + 1])
			pen_say(&c, " |\n");
	}
	if (set->bad > 0)
		pen_say(&c, "| not read | %" PRId64 " places of the records are damaged |\n", set->bad);
	pen_say(&c, "\n");
}

static void put_row(struct findings *set, FILE *to, const struct format_options *o, const struct group *g, size_t number)
{
	struct pen c = pen_md_cell(to, o);
	const struct finding *f = findings_get(set, g);

	if (f) {
		pen_say(&c, "| %zu | ", number);
		tell_headline(&c, f);
		pen_say(&c, " | ");
		tell_class(&c, f);
		pen_say(&c, " | ");
		if (f->cause)
			pen_put(&c, "%s", f->cause);
		pen_say(&c, " | %" PRId64 " | ", g->seen);
		pen_put(&c, "%.12s", g->fingerprint);
		pen_say(&c, " |\n");
	}
	findings_release(set);
}

static void put_section(FILE *to, const struct format_options *o, const struct finding *f, const struct group *g, size_t number)
{
	struct pen p = pen_md(to, o), c = pen_md_cell(to, o);

	pen_say(&p, "## %zu. ", number);
	tell_headline(&p, f);
	pen_say(&p, "\n\n");
	md_facts(to, o, f, g);
	pen_say(&p, "### How it came about\n\n");
	md_flow(to, o, f);
	pen_say(&p, "### %s by ", f->now.write ? "Write" : "Read");
	tell_thread_of(&p, f, &f->now);
	pen_say(&p, "\n\n");
	md_stack(&c, &f->now.stack, &f->now);
	if (f->has_before) {
		pen_say(&p, "### Previous %s by ", tell_access(&f->before));
		tell_thread_of(&p, f, &f->before);
		pen_say(&p, "\n\n");
		md_stack(&c, &f->before.stack, &f->before);
	}
	if (f->checked.n > 0) {
		pen_say(&p, "### Looked up before\n\n");
		md_stack(&c, &f->checked, NULL);
	}
	if (f->nthreads > 0) {
		pen_say(&p, "### Threads\n\n");
		md_threads(to, o, f);
	}
	pen_say(&p, "### Cause\n\n%s", cause_meaning(f));
	if (f->cause) {
		pen_say(&p, " The report says ");
		pen_put(&p, "%s%s%s", f->cause, f->cause_text ? ": " : "", f->cause_text ? f->cause_text : "");
		pen_say(&p, ".");
	}
	pen_say(&p, "\n\n### How to fix it\n\n");
	md_advice(to, o, f, NULL);
}

size_t md_document(struct findings *set, const struct format_options *o, FILE *to, size_t limit)
{
	const struct group *g;
	size_t at = 0, shown = 0, written = 0, number = 0;

	while (tell_next(set, o->all, &at))
		shown++;
	put_run(set, to, o, shown);
	if (shown == 0) {
		fputs(set->nprocesses ? "Nothing was found.\n" : "Nothing was checked: no process left a record.\n", to);
		return 0;
	}
	fputs("| | finding | what | cause | seen | id |\n|---|---|---|---|---|---|\n", to);
	for (at = 0; (g = tell_next(set, o->all, &at));) {
		if (limit && number * 400 > limit / 2)
			break;
		put_row(set, to, o, g, ++number);
	}
	fputs("\n", to);
	for (at = 0, number = 0; (g = tell_next(set, o->all, &at));) {
		const struct finding *f = findings_get(set, g);
		struct text t;
		char *section;

		number++;
		if (f) {
			put_section(text_begin(&t), o, f, g, number);
			section = text_end(&t);
			written += t.n;
			if (limit && written > limit / 2) {
				free(section);
				findings_release(set);
				return shown - number + 1;
			}
			fwrite(section, 1, t.n, to);
			free(section);
		}
		findings_release(set);
	}
	return 0;
}

int format_md(struct findings *set, const struct format_options *o, FILE *to)
{
	md_document(set, o, to, 0);
	return 0;
}
