/* SPDX-License-Identifier: MIT */
/*
 * format_text.c - each report once, as it was printed, and below them what they have in common.
 *
 * What is said of a report stands outside its two rules, so that the output is itself a log that can be read back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/arena.h"
#include "format.h"
#include "../util/room.h"

#define SHOWN 10 /* lines of each list */

/* Names, each as often as it was met. */
struct tally {
	struct arena arena;
	const char **name;
	size_t n;
};

struct tally_line {
	const char *name;
	size_t times;
};

static void count(struct tally *t, const char *name)
{
	t->name = room_grow(t->name, t->n, sizeof(*t->name));
	t->name[t->n++] = arena_copy(&t->arena, name, strlen(name));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_times(const void *x, const void *y)
{
	const struct tally_line *a = x, *b = y;

	if (a->times != b->times)
		return a->times > b->times ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* The names from `least` times on, the commonest first: NULL-terminated; `format` has a %zu, an %s for a plural, and a %s. */
static void put_tally(struct tally *t, size_t least, const char *head, const char *format, FILE *to)
{
	struct tally_line *lines = arena_take(&t->arena, (t->n + 1) * sizeof(*lines));
	size_t n = 0, kept = 0;

	if (t->n)
		qsort(t->name, t->n, sizeof(*t->name), by_name);
	for (size_t i = 0; i < t->n; i++) {
		if (!n || strcmp(lines[n - 1].name, t->name[i]))
			lines[n++] = (struct tally_line){ t->name[i], 0 };
		lines[n - 1].times++;
	}
	for (size_t i = 0; i < n; i++) {
		if (lines[i].times >= least)
			lines[kept++] = lines[i];
	}
	if (kept)
		qsort(lines, kept, sizeof(*lines), by_times);
	if (kept)
		fputs(head, to);
	for (size_t i = 0; i < kept && i < SHOWN; i++) {
		fprintf(to, "  %zu ", lines[i].times);
		fprintf(to, format, lines[i].times == 1 ? "" : "s", lines[i].name);
	}
	if (kept > SHOWN)
		fprintf(to, "  and %zu more\n", kept - SHOWN);
	arena_free(&t->arena);
	free(t->name);
}

static void count_function(struct tally *t, const struct finding_stack *s)
{
	const struct finding_frame *f = finding_user_frame(s);
	char name[600];

	if (!f || (!f->function && !f->module))
		return;
	if (f->function)
		snprintf(name, sizeof(name), "%s()", f->function);
	else
		snprintf(name, sizeof(name), "%s+0x%llx", f->module, (unsigned long long)(f->address >= 0 ? f->address : f->offset));
	count(t, name);
}

/* By label; without one by where the map was created: an address is another one in each process. */
static void count_map(struct tally *t, const struct finding *f)
{
	const struct finding_frame *made = f->created.n ? finding_user_frame(&f->created) : NULL;
	const char *kind = f->map_kind ? f->map_kind : "map";
	char name[700];

	if (f->map_label)
		snprintf(name, sizeof(name), "%s \"%s\"", kind, f->map_label);
	else if (made && made->function)
		snprintf(name, sizeof(name), "%s created in %s()", kind, made->function);
	else
		snprintf(name, sizeof(name), "%s", kind);
	count(t, name);
}

static const char *plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

static void put_finding(const struct group *g, const struct finding *f, size_t number, const struct format_options *o, FILE *to)
{
	char headline[600];

	finding_headline(f, headline, sizeof(headline));
	fprintf(to, "%s#%zu %.12s%s %s\n", o->colour ? "\033[1m" : "", number, g->fingerprint, o->colour ? "\033[0m" : "", headline);
	fprintf(to, "seen %lld time%s in %lld process%s", (long long)g->seen, plural(g->seen), (long long)g->processes,
		g->processes == 1 ? "" : "es");
	if (g->program)
		fprintf(to, " of %s", g->program);
	if (g->first && g->last && strcmp(g->first, g->last))
		fprintf(to, ", from %s to %s", g->first, g->last);
	else if (g->first)
		fprintf(to, ", %s", g->first);
	fprintf(to, "%s\n", g->counts ? "" : " (does not count)");
	if (f->text) {
		fputs(f->text, to);
		if (f->text[strlen(f->text) - 1] != '\n')
			putc('\n', to);
	}
	putc('\n', to);
}

static void put_summary(const struct findings *set, int64_t counted, const struct format_options *o, FILE *to)
{
	int64_t others = (int64_t)set->ngroups - counted;

	if (counted)
		fprintf(to, "%lld finding%s", (long long)counted, plural(counted));
	else
		fputs("No finding", to);
	if (others)
		fprintf(to, "%s %lld that do%s not count%s", counted ? " and" : ", but", (long long)others, others == 1 ? "es" : "",
			o->all ? "" : " (--all shows them)");
	fprintf(to, ": %lld report%s, %lld process%s, %zu file%s", (long long)set->reports, plural(set->reports), (long long)set->distinct,
		set->distinct == 1 ? "" : "es", set->nsources, plural((int64_t)set->nsources));
	if (set->bad)
		fprintf(to, "; %lld place%s could not be read", (long long)set->bad, plural(set->bad));
	putc('\n', to);
}

int format_text(struct findings *set, const struct format_options *o, FILE *to)
{
	struct tally maps = { .n = 0 }, functions = { .n = 0 };
	int64_t counted = 0;

	for (size_t i = 0; i < set->ngroups; i++) {
		const struct group *g = &set->groups[i];
		const struct finding *f;

		counted += g->counts;
		if (!g->counts && !o->all)
			continue;
		f = findings_get(set, g);
		if (f) {
			put_finding(g, f, i + 1, o, to);
			count_map(&maps, f);
			count_function(&functions, &f->now.stack);
			if (f->has_before)
				count_function(&functions, &f->before.stack);
		}
		findings_release(set);
	}
	put_tally(&maps, 1, "By map:\n", "finding%s with %s\n", to);
	put_tally(&functions, 2, "By function:\n", "conflicting stack%s meet in %s\n", to);
	put_summary(set, counted, o, to);
	return 0;
}
