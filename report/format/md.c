/* SPDX-License-Identifier: MIT */
/*
 * md.c - pieces of Markdown: pens, stacks, facts, the flow of both accesses, advice.
 *
 * Quoting   a code span shows its text as it is: no HTML, no link, no mention, no emphasis. Its fence is longer than any row of
 *           backticks inside. In a table a bar is written `\|`, which tables take out again; a backslash before a bar is kept from
 *           it by a space, because readers differ in what two backslashes and a bar are.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "md.h"

static void span(FILE *to, const char *s, size_t n, int cell)
{
	size_t longest = 0, run = 0;
	int pad;

	for (size_t i = 0; i < n; i++) {
		run = s[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	pad = n > 0 && (s[0] == '`' || s[n - 1] == '`' || (s[0] == ' ' && s[n - 1] == ' '));
	for (size_t i = 0; i <= longest; i++)
		fputc('`', to);
	if (pad)
		fputc(' ', to);
	for (size_t i = 0; i < n; i++) {
		if (cell && s[i] == '|')
			fputs(i > 0 && s[i - 1] == '\\' ? " \\|" : "\\|", to);
		else
			fputc(s[i], to);
	}
	if (pad)
		fputc(' ', to);
	for (size_t i = 0; i <= longest; i++)
		fputc('`', to);
}

static void span_text(FILE *to, const char *s, size_t n)
{
	span(to, s, n, 0);
}

static void span_cell(FILE *to, const char *s, size_t n)
{
	span(to, s, n, 1);
}

struct pen pen_md(FILE *to, const struct format_options *o)
{
	return (struct pen){ to, span_text, o };
}

struct pen pen_md_cell(FILE *to, const struct format_options *o)
{
	return (struct pen){ to, span_cell, o };
}

/* A table: level, function, where, what it held and did. Innermost first, as reports have it. */
void md_stack(struct pen *cell, const struct finding_stack *s, const struct finding_access *a)
{
	if (s->n == 0) {
		pen_say(cell, "The stack was lost.\n\n");
		return;
	}
	pen_say(cell, "| | function | where | |\n|---|---|---|---|\n");
	for (int i = 0; i < s->n; i++) {
		const struct finding_frame *fr = &s->frames[i];

		pen_say(cell, "| %d | ", i);
		if (fr->function)
			pen_put(cell, "%s()", fr->function);
		pen_say(cell, " | ");
		tell_place(cell, fr);
		pen_say(cell, " | ");
		if (i == 0 && a) {
			pen_say(cell, "**%s**, holding ", tell_access(a));
			tell_locks(cell, a);
		} else if (fr->user) {
			pen_say(cell, "**look here**");
		} else if (fr->inlined) {
			pen_say(cell, "inlined");
		}
		pen_say(cell, " |\n");
	}
	pen_say(cell, "\n");
}

static void fact(struct pen *c, const char *name)
{
	pen_say(c, "| %s | ", name);
}

static void locks_fact(struct pen *c, const struct finding *f, const struct finding_access *a)
{
	tell_thread_of(c, f, a);
	pen_say(c, ": ");
	tell_locks(c, a);
}

void md_facts(FILE *to, const struct format_options *o, const struct finding *f, const struct group *g)
{
	struct pen c = pen_md_cell(to, o);

	pen_say(&c, "| | |\n|---|---|\n");
	fact(&c, "finding");
	pen_put(&c, "%s", f->fingerprint);
	pen_say(&c, " |\n| what | ");
	tell_class(&c, f);
	pen_say(&c, " |\n| seen | %" PRId64 " %s, in %" PRId64 " %s", g->seen, g->seen == 1 ? "time" : "times", g->processes,
		g->processes == 1 ? "process" : "processes");
	if (g->first) {
		pen_say(&c, ", first ");
		pen_put(&c, "%s", g->first);
	}
	if (g->last) {
		pen_say(&c, ", last ");
		pen_put(&c, "%s", g->last);
	}
	if (f->program) {
		pen_say(&c, " |\n| program | ");
		pen_put(&c, "%s", f->program);
		if (f->pid >= 0)
			pen_say(&c, ", process %" PRId64, f->pid);
	}
	pen_say(&c, " |\n| map | ");
	tell_map(&c, f);
	if (f->map_address) {
		pen_say(&c, " at ");
		pen_put(&c, "%s", f->map_address);
	}
	if (f->entries >= 0)
		pen_say(&c, ", %" PRId64 " %s", f->entries, f->entries == 1 ? "entry" : "entries");
	if (f->buckets >= 0)
		pen_say(&c, ", %" PRId64 " buckets", f->buckets);
	if (f->resize_from >= 0 && f->resize_to >= 0)
		pen_say(&c, ", resized from %" PRId64 " to %" PRId64, f->resize_from, f->resize_to);
	if (f->location) {
		pen_say(&c, " |\n| lies in | ");
		pen_put(&c, "%s", f->location);
	}
	if (f->created.n > 0) {
		pen_say(&c, " |\n| created in | ");
		tell_where(&c, &f->created);
	}
	if (f->now.key || (f->has_before && f->before.key)) {
		pen_say(&c, " |\n| keys | ");
		tell_key(&c, &f->now);
		if (f->has_before && f->before.key) {
			pen_say(&c, f->now.key ? ", previous " : "previous ");
			tell_key(&c, &f->before);
		}
	}
	pen_say(&c, " |\n| locks held | ");
	locks_fact(&c, f, &f->now);
	if (f->has_before) {
		pen_say(&c, "; ");
		locks_fact(&c, f, &f->before);
	}
	if (f->usual_lock.type) {
		pen_say(&c, " |\n| usual lock | ");
		tell_lock(&c, &f->usual_lock);
		pen_say(&c, ", held in %" PRId64 " of %" PRId64 " accesses", f->usual_held, f->usual_of);
	}
	if (f->now.context || (f->has_before && f->before.context)) {
		pen_say(&c, " |\n| contexts | ");
		if (f->now.context)
			pen_put(&c, "%s", f->now.context);
		if (f->has_before && f->before.context) {
			pen_say(&c, "; previous ");
			pen_put(&c, "%s", f->before.context);
		}
	}
	if (f->verdict) {
		pen_say(&c, " |\n| verdict | ");
		pen_put(&c, "%s", f->verdict);
	}
	for (size_t i = 0; f->tags && f->tags[i]; i++) {
		pen_say(&c, i ? " " : " |\n| tags | ");
		pen_put(&c, "%s", f->tags[i]);
	}
	pen_say(&c, " |\n\n");
}

/* One side as a chain of calls, outermost first: what begins a thread is left out. */
static void put_chain(struct pen *p, const struct finding_access *a)
{
	int any = 0;

	for (int i = a->stack.n - 1; i >= 0; i--) {
		const struct finding_frame *fr = &a->stack.frames[i];

		if (fr->system && i > 0)
			continue;
		pen_say(p, any ? " → " : "");
		if (fr->function)
			pen_put(p, "%s()", fr->function);
		else
			tell_place(p, fr);
		any = 1;
	}
	if (!any)
		pen_say(p, "a place that is not known");
}

void md_flow(FILE *to, const struct format_options *o, const struct finding *f)
{
	struct pen p = pen_md(to, o);
	int step = 1;

	if (f->kind == FINDING_CHECK_THEN_ACT && f->checked.n > 0) {
		pen_say(&p, "%d. ", step++);
		tell_thread_of(&p, f, &f->now);
		pen_say(&p, " looks the key up in ");
		tell_where(&p, &f->checked);
		pen_say(&p, "\n");
	}
	if (f->has_before) {
		pen_say(&p, "%d. ", step++);
		tell_thread_of(&p, f, &f->before);
		pen_say(&p, ": ");
		put_chain(&p, &f->before);
		pen_say(&p, ": **%s**, holding ", tell_access(&f->before));
		tell_locks(&p, &f->before);
		pen_say(&p, "\n");
	}
	pen_say(&p, "%d. ", step);
	tell_thread_of(&p, f, &f->now);
	if (f->has_before) {
		pen_say(&p, ", ");
		tell_apart(&p, f);
	}
	pen_say(&p, ": ");
	put_chain(&p, &f->now);
	pen_say(&p, ": **%s**, holding ", tell_access(&f->now));
	tell_locks(&p, &f->now);
	pen_say(&p, "\n\n");
}

void md_threads(FILE *to, const struct format_options *o, const struct finding *f)
{
	struct pen p = pen_md(to, o);

	for (int i = 0; i < f->nthreads; i++) {
		const struct finding_thread *t = &f->threads[i];

		pen_say(&p, "- ");
		tell_thread(&p, t);
		if (t->running >= 0)
			pen_say(&p, t->running ? ", running" : ", finished");
		if (tell_created(t)) {
			pen_say(&p, ", created in ");
			tell_where(&p, &t->created);
		}
		if (t->number > 0 && t->parent >= 0) {
			pen_say(&p, t->parent ? " by thread %d" : " by the main thread", t->parent);
		}
		pen_say(&p, "\n");
	}
	pen_say(&p, "\n");
}

void md_advice(FILE *to, const struct format_options *o, const struct finding *f, const struct sites *sites)
{
	struct pen p = pen_md(to, o);
	struct advice list[ADVICE_MOST];
	int n = advice_for(f, sites, list);

	for (int i = 0; i < n; i++) {
		/* a side whose stack was lost names no place */
		int now = list[i].side != SIDE_BEFORE && f->now.stack.n > 0, before = f->has_before && list[i].side != SIDE_NOW && f->before.stack.n > 0;

		pen_say(&p, "%d. **%s.** %s", i + 1, list[i].title, list[i].text);
		if (list[i].lock) {
			pen_say(&p, " That is the ");
			tell_lock(&p, list[i].lock);
			pen_say(&p, ".");
		}
		if (now || before) {
			pen_say(&p, " To change: ");
			tell_sides(&p, f, now, before);
			pen_say(&p, ".");
		}
		pen_say(&p, "\n");
	}
	pen_say(&p, "\n");
}
