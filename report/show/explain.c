/* SPDX-License-Identifier: MIT */
/*
 * explain.c - `race explain ID`: one finding as a guided text, from what was seen to what is to be done.
 *
 * Plain text for a terminal or a file: what comes from records has been cleaned by the loader, and marks without a shape are
 * made visible by the pen.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../findings/advice.h"
#include "../format/tell.h"
#include "../verbs.h"

static void step(struct pen *p, int number, const char *title)
{
	pen_say(p, "\n%d. %s\n\n", number, title);
}

/* A line of at most about 100 columns of our own words, indented. */
static void put_folded(struct pen *p, const char *indent, const char *words)
{
	while (*words) {
		size_t n = strlen(words), cut = n;

		if (n > 96) {
			for (cut = 96; cut > 0 && words[cut] != ' '; cut--)
				;
			if (cut == 0)
				cut = 96;
		}
		pen_say(p, "%s%.*s\n", indent, (int)cut, words);
		words += cut;
		while (*words == ' ')
			words++;
	}
}

static void what_and_when(struct pen *p, const struct finding *f, const struct group *g)
{
	step(p, 1, "What clashed, and when");
	pen_say(p, "   ");
	tell_headline(p, f);
	pen_say(p, ".\n   It is a ");
	tell_class(p, f);
	pen_say(p, ".\n");
	if (f->has_before) {
		pen_say(p, "   First ");
		tell_thread_of(p, f, &f->before);
		pen_say(p, " made its %s; then ", tell_access(&f->before));
		tell_thread_of(p, f, &f->now);
		pen_say(p, " its %s, ", tell_access(&f->now));
		tell_apart(p, f);
		pen_say(p, ".\n");
		if (f->kind == FINDING_RACE && f->class == CLASS_CERTAIN)
			pen_say(p, "   They overlapped: both calls were inside the map at the same moment. The record keeps the time between their\n"
				   "   beginnings; a run with trace=FILE keeps the overlap to the nanosecond, and race trace shows it.\n");
		else if (f->kind == FINDING_RACE && f->gap_ns >= 0)
			pen_say(p, "   They did not overlap this time: what counts is that nothing ordered them.\n");
	}
	if (f->resize_from >= 0 && f->resize_to >= 0)
		pen_say(p, "   The map was resized from %" PRId64 " to %" PRId64 " buckets: a reader may have walked the old array.\n", f->resize_from, f->resize_to);
	pen_say(p, "   Seen %" PRId64 " time%s, in %" PRId64 " process%s", g->seen, g->seen == 1 ? "" : "s", g->processes, g->processes == 1 ? "" : "es");
	if (g->first) {
		pen_say(p, ", first ");
		pen_put(p, "%s", g->first);
	}
	if (g->last && (!g->first || strcmp(g->first, g->last))) {
		pen_say(p, ", last ");
		pen_put(p, "%s", g->last);
	}
	pen_say(p, ".\n");
}

static const struct finding_thread *by_number(const struct finding *f, int number)
{
	for (int i = 0; i < f->nthreads; i++) {
		if (f->threads[i].number == number)
			return &f->threads[i];
	}
	return NULL;
}

/* Created here, by that one, who was created there ... up to the main thread. */
static void ancestry(struct pen *p, const struct finding *f, const struct finding_thread *t)
{
	for (int depth = 0; t && t->number > 0 && depth < 16; depth++) {
		const struct finding_thread *parent = t->parent >= 0 ? by_number(f, t->parent) : NULL;

		pen_say(p, "      created ");
		if (tell_created(t)) {
			pen_say(p, "in ");
			tell_where(p, &t->created);
		} else {
			pen_say(p, "at a place that is not known");
		}
		if (t->parent >= 0) {
			pen_say(p, " by ");
			if (parent)
				tell_thread(p, parent);
			else
				pen_say(p, "thread %d", t->parent);
		}
		pen_say(p, "\n");
		t = parent;
	}
}

static void one_thread(struct pen *p, const struct finding *f, const struct finding_access *a)
{
	const struct finding_thread *t = finding_thread_of(f, a);

	pen_say(p, "   - ");
	tell_thread(p, t);
	if (t && t->running >= 0)
		pen_say(p, t->running ? ", still running" : ", finished by then");
	pen_say(p, ": the %s in ", tell_access(a));
	tell_where(p, &a->stack);
	pen_say(p, "\n");
	ancestry(p, f, t);
	if (a->context) {
		pen_say(p, "      was busy with ");
		pen_put(p, "\"%s\"", a->context);
		pen_say(p, "\n");
	}
}

static void who(struct pen *p, const struct finding *f)
{
	step(p, 2, "Who");
	one_thread(p, f, &f->now);
	if (f->has_before)
		one_thread(p, f, &f->before);
}

static void chain(struct pen *p, const struct finding_stack *s, const struct finding_access *a)
{
	pen_say(p, "   level  function, place                                                  lock held / operation\n");
	if (s->n == 0)
		pen_say(p, "          the stack was lost\n");
	for (int i = 0; i < s->n; i++) {
		const struct finding_frame *fr = &s->frames[i];
		struct text t;
		struct pen cell = pen_plain(text_begin(&t));
		char *words;

		cell.options = p->options;
		if (fr->function)
			pen_put(&cell, "%s() ", fr->function);
		tell_place(&cell, fr);
		if (fr->inlined)
			pen_say(&cell, " (inlined)");
		words = text_end(&t);
		if (i == 0 && a) {
			pen_say(p, "   %5d  %-62s  ", i, words);
			tell_locks(p, a);
			pen_say(p, " / %s", tell_access(a));
		} else if (fr->user) {
			pen_say(p, "   %5d  %-62s  <-- look here", i, words);
		} else {
			pen_say(p, "   %5d  %s", i, words);
		}
		pen_say(p, "\n");
		free(words);
	}
}

static void chains(struct pen *p, const struct finding *f)
{
	step(p, 3, "How they got there");
	pen_say(p, "   ");
	tell_thread_of(p, f, &f->now);
	pen_say(p, ", the %s:\n", tell_access(&f->now));
	chain(p, &f->now.stack, &f->now);
	if (f->has_before) {
		pen_say(p, "\n   ");
		tell_thread_of(p, f, &f->before);
		pen_say(p, ", the %s before it:\n", tell_access(&f->before));
		chain(p, &f->before.stack, &f->before);
	}
	if (f->checked.n > 0) {
		pen_say(p, "\n   where it had been looked up:\n");
		chain(p, &f->checked, NULL);
	}
}

/* "cache_put() at cache.c:42" of a site. */
static void put_site(struct pen *p, const struct site *s)
{
	const struct finding_frame fr = { .function = s->function, .file = s->file, .line = s->line, .module = s->module, .offset = s->offset, .address = -1 };

	if (s->function) {
		pen_put(p, "%s()", s->function);
		pen_say(p, " at ");
	}
	tell_place(p, &fr);
}

static void map(struct pen *p, const struct finding *f, const struct sites *sites)
{
	int bare = 0;

	step(p, 4, "The map");
	pen_say(p, "   ");
	tell_map(p, f);
	if (f->map_address) {
		pen_say(p, " at ");
		pen_put(p, "%s", f->map_address);
	}
	if (f->entries >= 0)
		pen_say(p, ", %" PRId64 " %s", f->entries, f->entries == 1 ? "entry" : "entries");
	if (f->location) {
		pen_say(p, ", in ");
		pen_put(p, "%s", f->location);
	}
	pen_say(p, "\n");
	if (f->created.n > 0) {
		pen_say(p, "   created in ");
		tell_where(p, &f->created);
		if (f->created_by >= 0 && f->created_by < f->nthreads) {
			pen_say(p, " by ");
			tell_thread(p, &f->threads[f->created_by]);
		}
		pen_say(p, "\n");
	} else {
		pen_say(p, "   where it was created is not known: before librace looked, or by code that it does not see\n");
	}
	for (size_t i = 0; i < sites->n; i++) {
		if (sites->list[i].write) {
			pen_say(p, "   first writer in the records: ");
			put_site(p, &sites->list[i]);
			pen_say(p, "\n");
			break;
		}
	}
	pen_say(p, "   %d finding%s in the records %s this map; these are the places that use it:\n\n", sites->findings, sites->findings == 1 ? "" : "s",
		sites->findings == 1 ? "is about" : "are about");
	for (size_t i = 0; i < sites->n; i++) {
		const struct site *s = &sites->list[i];

		pen_say(p, "   %-5s  ", s->write ? "write" : "read");
		put_site(p, s);
		if (s->operation) {
			pen_say(p, ": ");
			pen_put(p, "%s()", s->operation);
		}
		pen_say(p, ", holding ");
		pen_put(p, "%s", s->locks);
		pen_say(p, s->without_lock ? "   <-- NO LOCK\n" : s->lacks_usual ? "   <-- not the usual lock\n" : "\n");
		bare += s->without_lock > 0;
	}
	pen_say(p, "\n   %d of %zu places hold no lock. Places that never clashed are not in the records.\n", bare, sites->n);
	if (sites->not_looked_at)
		pen_say(p, "   The %zu least of the findings were not looked at.\n", sites->not_looked_at);
}

static void lock_line(struct pen *p, const struct finding *f, const struct finding_access *a)
{
	pen_say(p, "   ");
	tell_thread_of(p, f, a);
	pen_say(p, " held ");
	tell_locks(p, a);
	pen_say(p, " for its %s\n", tell_access(a));
}

static void locks(struct pen *p, const struct finding *f)
{
	step(p, 5, "The locks");
	lock_line(p, f, &f->now);
	if (f->has_before)
		lock_line(p, f, &f->before);
	if (!f->usual_lock.type) {
		pen_say(p, "   The users of this map show no habit of holding a certain lock that one of these two broke.\n");
		return;
	}
	pen_say(p, "   The usual lock of this map is the ");
	tell_lock(p, &f->usual_lock);
	if (f->usual_held >= 0 && f->usual_of >= 0)
		pen_say(p, ": it was held in %" PRId64 " of %" PRId64 " accesses", f->usual_held, f->usual_of);
	pen_say(p, ".\n");
	if (!f->usual_lacks)
		return;
	if (strcmp(f->usual_lacks, "previous")) {
		pen_say(p, "   The habit was broken by ");
		tell_thread_of(p, f, &f->now);
		pen_say(p, " in ");
		tell_where(p, &f->now.stack);
		pen_say(p, ".\n");
	}
	if (f->has_before && strcmp(f->usual_lacks, "current")) {
		pen_say(p, "   The habit was broken by ");
		tell_thread_of(p, f, &f->before);
		pen_say(p, " in ");
		tell_where(p, &f->before.stack);
		pen_say(p, ".\n");
	}
}

/* What the kinds of a record's ledger say; docs/verdicts.md explains each. */
static const char *evidence_words(const char *kind)
{
	static const struct { const char *kind, *words; } table[] = {
		{ "atomics", "code with atomic instructions, which could be a lock of its own" }, { "fences", "code with memory fences" },
		{ "pauses", "code with the pauses of a spin-wait" }, { "waits", "loops that wait for memory to change" },
		{ "atomic-object", "an atomic object" }, { "volatile-object", "a volatile object" }, { "unknown-code", "code that could not be looked at" },
		{ "polled", "the later thread slept or gave way just before" },
		{ "held-back", "one side was held inside its call, and the other came just after: an order may exist" },
		{ "learned", "an earlier run found the two calls ordered" }, { "usual-lock", "one of the two lacks the usual lock" },
		{ "met", "one of them had been held there, and the other came in" },
	};

	for (size_t i = 0; kind && i < sizeof(table) / sizeof(table[0]); i++) {
		if (!strcmp(kind, table[i].kind))
			return table[i].words;
	}
	return "";
}

static void evidence(struct pen *p, const struct finding *f)
{
	for (int i = 0; i < f->nevidence; i++) {
		const struct finding_evidence *e = &f->evidence[i];

		pen_say(p, e->supports ? "   for:      " : "   against:  ");
		pen_say(p, "%s", evidence_words(e->kind));
		if (!evidence_words(e->kind)[0])
			pen_put(p, "%s", e->kind ? e->kind : "not named");
		if (e->text) {
			pen_say(p, ": ");
			pen_put(p, "%s", e->text);
		}
		if (e->module) {
			pen_say(p, ", in ");
			pen_put(p, "%s", e->module);
		}
		if (e->count > 1)
			pen_say(p, " (%" PRId64 " times)", e->count);
		pen_say(p, "\n");
	}
}

static void belief(struct pen *p, const struct finding *f)
{
	step(p, 6, "Why librace believes it, and what could make it wrong");
	if (f->verdict) {
		pen_say(p, "   Verdict: ");
		pen_put(p, "%s", f->verdict);
		pen_say(p, "\n");
	}
	evidence(p, f);
	if (f->kind != FINDING_RACE)
		put_folded(p, "   ", "This was seen as it happened. It can only be wrong where the map's memory was given to another map without librace noticing, "
				     "by an allocator that it does not see.");
	else if (f->class == CLASS_CERTAIN)
		put_folded(p, "   ", "Both calls were inside the map at one moment: no order, seen or unseen, can excuse that. Only a map that protects itself could.");
	else
		put_folded(p, "   ", "It would be wrong if the two threads order themselves by something that no function call shows: atomics or memory barriers of the "
				     "program's own, a lock made of them, memory shared with another process. Then tell it: docs/hidden-orders.md.");
	if (f->class == CLASS_POSSIBLE)
		put_folded(p, "   ", "The entries against it name code that could be such an order. Running longer, with more load, or with a larger delay_ms can make it certain.");
}

static void repair(struct pen *p, const struct finding *f, const struct sites *sites)
{
	struct advice list[ADVICE_MOST];
	int n = advice_for(f, sites, list);

	step(p, 7, "How to fix it");
	put_folded(p, "   ", cause_meaning(f));
	if (sites->n > 2)
		pen_say(p, "   Of %zu places in the records, %d only read and %d change the map; %d walk over it.\n", sites->n, sites->reads, sites->writes, sites->iterations);
	for (int i = 0; i < n; i++) {
		/* a side whose stack was lost names no place */
		int now = list[i].side != SIDE_BEFORE && f->now.stack.n > 0, before = f->has_before && list[i].side != SIDE_NOW && f->before.stack.n > 0;

		pen_say(p, "\n   %c) %s\n", 'a' + i, list[i].title);
		put_folded(p, "      ", list[i].text);
		if (list[i].lock) {
			pen_say(p, "      The lock: ");
			tell_lock(p, list[i].lock);
			pen_say(p, "\n");
		}
		if (now || before) {
			pen_say(p, "      Begin in ");
			tell_sides(p, f, now, before);
			pen_say(p, "\n");
		}
		pen_say(p, "      More: docs/%s\n", list[i].recipe);
	}
	pen_say(p, "\n   Every call that is to be looked at (all that the records know of this map):\n");
	for (size_t i = 0; i < sites->n; i++) {
		const struct site *s = &sites->list[i];
		int must = s->without_lock || s->lacks_usual || !strcmp(s->locks, "no lock");

		pen_say(p, "   [%s] ", must ? "change" : "check ");
		put_site(p, s);
		if (s->operation) {
			pen_say(p, ": ");
			pen_put(p, "%s()", s->operation);
		}
		pen_say(p, "\n");
	}
}

static void next(struct pen *p, const struct finding *f)
{
	step(p, 8, "What next");
	pen_say(p, "   race postmortem %.12s      an incident report to fill in, for people who were not there\n", f->fingerprint);
	pen_say(p, "   race suppress %.12s        a rule that leaves this one out, if it is not to be repaired now\n", f->fingerprint);
	pen_say(p, "   race report --format=html > race.html      all findings as one page\n");
	pen_say(p, "   race baseline > known.txt      takes all of the run as known; then\n");
	pen_say(p, "   race gate --baseline known.txt      pass what is known, fail on what is new\n");
}

int explain_main(int argc, char **argv)
{
	struct findings set;
	struct sites sites;
	const struct group *g;
	const struct finding *f;
	struct format_options options = { NULL, 1, 0 };
	struct pen p = pen_plain(stdout);
	int status;

	argc = tell_options(argc, argv, &options, "explain");
	if (argc < 0)
		return 2;
	if (argc < 1) {
		fputs("race explain: which finding? an ID or #N is needed; `race report` lists them\n", stderr);
		return 2;
	}
	p.options = &options;
	status = findings_load(&set, "explain", argc - 1, argv + 1);
	if (status)
		return status;
	g = findings_find(&set, "explain", argv[0]);
	if (!g) {
		findings_free(&set);
		return 2;
	}
	sites_collect(&sites, &set, g);
	f = findings_get(&set, g);
	if (f) {
		pen_say(&p, "%s  ", f->fingerprint);
		tell_headline(&p, f);
		pen_say(&p, "\n");
		what_and_when(&p, f, g);
		who(&p, f);
		chains(&p, f);
		map(&p, f, &sites);
		locks(&p, f);
		belief(&p, f);
		repair(&p, f, &sites);
		next(&p, f);
	}
	status = f ? 0 : 2;
	sites_free(&sites);
	findings_free(&set);
	return status;
}
