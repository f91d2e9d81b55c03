/* SPDX-License-Identifier: MIT */
/*
 * html_finding.c - the inside of one finding: why, both stacks, time, map, locks, threads, and what to do.
 *
 * Invents   nothing: what the record does not say is left out. The entries of the ledger are those of the verdict line, so
 *           their words stand once, in the report's text.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../findings/advice.h"
#include "html.h"

#define NAME_ROOM 300

static void put_named(FILE *to, const char *tag, const char *class, const char *text)
{
	fprintf(to, "<%s class=\"%s\">", tag, class);
	html_text(to, text);
	fprintf(to, "</%s>", tag);
}

static void put_term(FILE *to, const char *term)
{
	fprintf(to, "<dt>%s</dt><dd>", term);
}

static void put_lock(FILE *to, const struct finding_lock *l)
{
	fputs("<code>", to);
	html_text(to, l->type ? l->type : "lock");
	if (l->address) {
		fputs(" ", to);
		html_text(to, l->address);
	}
	fputs("</code>", to);
	if (l->shared)
		fputs(" (for reading)", to);
}

/* ---- one side ----------------------------------------------------------------------------------------------------------- */

static void put_locks(FILE *to, const struct finding *f, const struct finding_access *a, const char *side)
{
	int64_t held = a->held < 0 ? a->nlocks : a->held;

	put_term(to, "Locks held");
	if (held == 0)
		fputs(a->held < 0 ? "not known" : "none", to);
	for (int i = 0; i < a->nlocks; i++) {
		fputs(i ? ", " : "", to);
		put_lock(to, &a->locks[i]);
	}
	if (held > a->nlocks) {
		fputs(a->nlocks ? " and " : "", to);
		html_plural(to, held - a->nlocks, "more", "more");
	}
	if (f->usual_lock.type && f->usual_lacks && (!strcmp(f->usual_lacks, side) || !strcmp(f->usual_lacks, "both")))
		fputs(" <span class=\"lack\">lacks the usual lock</span>", to);
	fputs("</dd>", to);
}

static void put_side(FILE *to, const struct finding *f, const struct finding_access *a, int current, const struct format_options *o)
{
	char name[NAME_ROOM];

	fprintf(to, "<section class=\"side%s\"><h4><span class=\"verb\">%s</span> by ", a->write ? " w" : "", a->write ? "Write" : "Read");
	html_text(to, html_thread_of(f, a, name, sizeof(name)));
	fprintf(to, "</h4><p class=\"order\">%s</p><dl class=\"mini\">", current ? "the later access" : "the earlier access");
	if (a->operation) {
		put_term(to, "Operation");
		put_named(to, "code", "fn", a->operation);
		fputs("</dd>", to);
	}
	put_locks(to, f, a, current ? "current" : "previous");
	if (a->key) {
		int quoted = a->key_type && !strcmp(a->key_type, "string");

		put_term(to, "Key");
		fputs(quoted ? "<code>&quot;" : "<code>", to);
		html_text(to, a->key);
		fputs(quoted ? "&quot;</code></dd>" : "</code></dd>", to);
	}
	if (a->bucket >= 0) {
		put_term(to, "Bucket");
		html_number(to, a->bucket);
		if (f->buckets >= 0) {
			fputs(" of ", to);
			html_number(to, f->buckets);
		}
		fputs("</dd>", to);
	}
	if (a->context) {
		put_term(to, "Context");
		html_text(to, a->context);
		fputs("</dd>", to);
	}
	fputs("</dl>", to);
	html_stack(to, &a->stack, o);
	fputs("</section>", to);
}

static void put_stacks(FILE *to, const struct finding *f, const struct format_options *o)
{
	fputs("<div class=\"pair\">", to);
	put_side(to, f, &f->now, 1, o);
	if (f->has_before)
		put_side(to, f, &f->before, 0, o);
	if (f->checked.n > 0) {
		fputs("<section class=\"side c\"><h4>Checked here</h4><p class=\"order\">where it was looked up first</p>", to);
		html_stack(to, &f->checked, o);
		fputs("</section>", to);
	}
	fputs("</div>", to);
}

/* ---- cards -------------------------------------------------------------------------------------------------------------- */

static void put_where(FILE *to, const struct finding_stack *s, const struct format_options *o)
{
	const struct finding_frame *fr = finding_user_frame(s);

	if (!fr)
		return;
	fputs("<code>", to);
	if (fr->function) {
		html_text(to, fr->function);
		fputs("()", to);
	} else {
		fputs("unknown function", to);
	}
	fputs("</code>", to);
	if (fr->file) {
		const char *file = format_path(o, fr->file);

		fputs(" <span class=\"src\">", to);
		html_text(to, file);
		if (fr->line > 0)
			fprintf(to, ":%d", fr->line);
		fputs("</span>", to);
	}
}

static void put_creation(FILE *to, const struct finding_stack *s, const struct format_options *o)
{
	put_where(to, s, o);
	if (s->n < 1)
		return;
	fputs("<details class=\"more\"><summary>the whole stack</summary>", to);
	html_stack(to, s, o);
	fputs("</details>", to);
}

static void put_map(FILE *to, const struct finding *f, const struct format_options *o)
{
	char name[NAME_ROOM];

	fputs("<section class=\"card\"><h4>The map</h4><dl>", to);
	put_term(to, "Kind");
	html_text(to, f->map_kind ? f->map_kind : "not known");
	if (f->map_label) {
		fputs("</dd>", to);
		put_term(to, "Label");
		html_text(to, f->map_label);
	}
	if (f->map_address) {
		fputs("</dd>", to);
		put_term(to, "Address");
		put_named(to, "code", "fn", f->map_address);
	}
	if (f->entries >= 0) {
		fputs("</dd>", to);
		put_term(to, "Entries");
		html_number(to, f->entries);
	}
	if (f->buckets >= 0) {
		fputs("</dd>", to);
		put_term(to, "Buckets");
		html_number(to, f->buckets);
	}
	if (f->resize_from >= 0 && f->resize_to >= 0 && f->resize_from != f->resize_to) {
		fputs("</dd>", to);
		put_term(to, f->class == CLASS_CERTAIN ? "During resize" : "After resize");
		html_number(to, f->resize_from);
		fputs(" to ", to);
		html_number(to, f->resize_to);
	}
	if (f->location) {
		fputs("</dd>", to);
		put_term(to, "Location");
		html_text(to, f->location);
	}
	if (f->created_by >= 0 && f->created_by < f->nthreads) {
		fputs("</dd>", to);
		put_term(to, "Created by");
		html_text(to, html_thread(&f->threads[f->created_by], name, sizeof(name)));
	}
	if (f->created.n > 0) {
		fputs("</dd>", to);
		put_term(to, "Created at");
		put_creation(to, &f->created, o);
	}
	if (f->usual_lock.type) {
		fputs("</dd>", to);
		put_term(to, "Usual lock");
		put_lock(to, &f->usual_lock);
		if (f->usual_of > 0) {
			fputs(", held in ", to);
			html_number(to, f->usual_held);
			fputs(" of ", to);
			html_number(to, f->usual_of);
			fputs(" accesses", to);
		}
	}
	fputs("</dd></dl></section>", to);
}

/* The parts of `likely: because; entry; ...; severity low, confidence 80`, at most `most`; the last takes the rest. */
static int split_verdict(const char *verdict, const char **parts, size_t *lengths, int most)
{
	int n = 0;

	for (const char *at = verdict; n < most; at += 2) {
		const char *end = n + 1 < most ? strstr(at, "; ") : NULL;

		parts[n] = at;
		lengths[n++] = end ? (size_t)(end - at) : strlen(at);
		if (!end)
			break;
		at = end;
	}
	return n;
}

#define PARTS 40

static void put_ledger(FILE *to, const struct finding *f)
{
	const char *parts[PARTS] = { NULL };
	size_t lengths[PARTS];
	int n = f->verdict ? split_verdict(f->verdict, parts, lengths, PARTS) : 0, last = n, entries;

	if (n > 1 && lengths[n - 1] > 9 && !memcmp(parts[n - 1], "severity ", 9))
		last = n - 1;
	entries = last - 1;
	fputs("<section class=\"card\"><h4>How sure</h4><ul class=\"ledger\">", to);
	if (n == 0)
		fprintf(to, "<li>%s</li>", f->class ? finding_class_name(f->class) : "The record says nothing of it.");
	for (int i = 0; i < last; i++) {
		/* The entries are told in the order of the evidence; behind it may stand whose side lacks the usual lock. */
		int known = i > 0 && i <= f->nevidence && (entries == f->nevidence || entries == f->nevidence + 1);
		int habit = i > 0 && i == f->nevidence + 1 && entries == f->nevidence + 1;

		fprintf(to, "<li%s>", known ? f->evidence[i - 1].supports ? " class=\"for\"" : " class=\"against\"" : habit ? " class=\"for\"" : "");
		if (known)
			fputs(f->evidence[i - 1].supports ? "<span class=\"tag\">for</span> " : "<span class=\"tag\">against</span> ", to);
		html_text_n(to, parts[i], lengths[i]);
		fputs("</li>", to);
	}
	fputs("</ul>", to);
	if (f->confidence >= 0 && f->kind == FINDING_RACE) {
		fprintf(to, "<p class=\"conf\"><span>Confidence %d of 100</span><svg height=\"8\" aria-hidden=\"true\"><rect width=\"100%%\" height=\"8\" rx=\"4\"/>"
			"<rect class=\"v\" width=\"%d%%\" height=\"8\" rx=\"4\"/></svg></p>", f->confidence, f->confidence);
	}
	fputs("</section>", to);
}

static void put_touch(FILE *to, const struct finding *f, int thread)
{
	int writes = f->now.thread == thread && f->now.write, reads = f->now.thread == thread && !f->now.write;

	if (f->has_before && f->before.thread == thread) {
		writes |= f->before.write;
		reads |= !f->before.write;
	}
	if (writes)
		fputs(", <span class=\"w\">writes</span>", to);
	if (reads)
		fprintf(to, "%s<span class=\"r\">reads</span>", writes ? " and " : ", ");
	if (writes || reads)
		fputs(" the map", to);
}

/* `left` says how deep it may still go: a record may claim that threads made each other. */
static void put_thread(FILE *to, const struct finding *f, int at, int left, const struct format_options *o)
{
	const struct finding_thread *t = &f->threads[at];
	char name[NAME_ROOM];
	int children = 0;

	fputs("<li><b>", to);
	html_text(to, html_thread(t, name, sizeof(name)));
	fputs("</b>", to);
	if (t->number != 0 && t->running >= 0)
		fputs(t->running ? ", running" : ", finished", to);
	put_touch(to, f, at);
	if (t->number != 0 && t->created.n > 0) {
		fputs("<br>created at ", to);
		put_creation(to, &t->created, o);
	}
	for (int i = 0; i < f->nthreads && left > 0; i++) {
		if (i == at || f->threads[i].number == 0 || f->threads[i].parent != t->number)
			continue;
		fputs(children++ ? "" : "<ul>", to);
		put_thread(to, f, i, left - 1, o);
	}
	fputs(children ? "</ul></li>" : "</li>", to);
}

static int is_child(const struct finding *f, int at)
{
	for (int i = 0; i < f->nthreads; i++) {
		if (i != at && f->threads[at].number != 0 && f->threads[i].number == f->threads[at].parent)
			return 1;
	}
	return 0;
}

static void put_threads(FILE *to, const struct finding *f, const struct format_options *o)
{
	if (f->nthreads == 0)
		return;
	fputs("<section class=\"card tree\"><h4>Threads</h4><ul>", to);
	for (int i = 0; i < f->nthreads; i++) {
		if (!is_child(f, i))
			put_thread(to, f, i, 8, o);
	}
	fputs("</ul></section>", to);
}

static void put_seen(FILE *to, const struct finding *f, const struct group *g)
{
	fputs("<section class=\"card\"><h4>Seen</h4><dl>", to);
	put_term(to, "Times");
	html_number(to, g->seen);
	fputs(" in ", to);
	html_plural(to, g->processes, "process", "processes");
	if (f->program) {
		fputs("</dd>", to);
		put_term(to, "Program");
		html_text(to, f->program);
		if (f->pid >= 0)
			fprintf(to, ", process %" PRId64, f->pid);
	}
	if (g->first) {
		fputs("</dd>", to);
		put_term(to, "First");
		html_time(to, g->first);
	}
	if (g->last && g->seen > 1) {
		fputs("</dd>", to);
		put_term(to, "Last");
		html_time(to, g->last);
	}
	for (int i = 0; f->tags && f->tags[i]; i++) {
		fputs(i ? ", " : "</dd><dt>Tags</dt><dd>", to);
		html_text(to, f->tags[i]);
	}
	fputs("</dd></dl></section>", to);
}

/* ---- what to do --------------------------------------------------------------------------------------------------------- */

static void put_why(FILE *to, const struct finding *f)
{
	struct advice list[ADVICE_MOST];
	int n = advice_for(f, NULL, list);
	const char *meaning = cause_meaning(f);

	if (f->cause || f->cause_text || meaning) {
		fputs("<p class=\"why\">", to);
		if (f->cause)
			put_named(to, "span", "label", f->cause);
		if (f->cause_text) {
			html_text(to, f->cause_text);
			fputs(".", to);
		} else if (meaning) {
			fputs(meaning, to);
		}
		fputs("</p>", to);
	}
	if (n < 1)
		return;
	fputs("<div class=\"advice\">", to);
	for (int i = 0; i < n; i++) {
		if (i == 1)
			fprintf(to, "<details class=\"more\"><summary>%s</summary>", n > 2 ? "other ways" : "another way");
		fputs("<p><b>", to);
		html_text(to, list[i].title);
		fputs(".</b> ", to);
		html_text(to, list[i].text);
		fputs("</p>", to);
	}
	fputs(n > 1 ? "</details></div>" : "</div>", to);
}

/* What `race suppress` proposes when it knows this finding alone: the function that completed it. One of C has its bare name where
 * suppressions are decided; others may have their parameters, too. */
static void put_suppression(FILE *to, const struct finding *f)
{
	const struct finding_frame *fr = finding_user_frame(&f->now.stack);
	const char *map = f->map_label ? f->map_label : f->map_kind;
	size_t n = fr && fr->file ? strlen(fr->file) : 0;

	if ((!fr || !fr->function) && !map)
		return;
	put_term(to, "Suppression");
	fputs("<code class=\"suppress\">", to);
	fputs(fr && fr->function ? "race:^" : "map:^", to);
	html_text(to, fr && fr->function ? fr->function : map);
	fputs(!fr || !fr->function || (n > 2 && !strcmp(fr->file + n - 2, ".c")) ? "$</code></dd>" : "</code></dd>", to);
}

static void put_acts(FILE *to, const struct finding *f)
{
	fputs("<div class=\"acts\"><label><input type=\"checkbox\" class=\"mods\"> modules and offsets</label></div>", to);
	fputs("<details class=\"more\"><summary>Text report, fingerprint, suppression</summary><dl class=\"mini\">", to);
	put_term(to, "Fingerprint");
	fputs("<code class=\"finger\">", to);
	html_text(to, f->fingerprint);
	fputs("</code></dd>", to);
	put_suppression(to, f);
	fputs("</dl>", to);
	if (f->text) {
		fputs("<pre class=\"raw\">", to);
		html_text(to, f->text);
		fputs("</pre>", to);
	}
	fputs("</details>", to);
}

void html_finding(FILE *to, const struct finding *f, const struct group *g, const struct format_options *o)
{
	put_why(to, f);
	put_stacks(to, f, o);
	fputs("<div class=\"drawn\">", to);
	html_timeline(to, f);
	html_lineage(to, f);
	fputs("</div><div class=\"cols\">", to);
	fputs("<div class=\"col\">", to);
	put_ledger(to, f);
	put_seen(to, f, g);
	fputs("</div>", to);
	put_map(to, f, o);
	put_threads(to, f, o);
	fputs("</div>", to);
	put_acts(to, f);
}

/* ---- the headline ------------------------------------------------------------------------------------------------------- */

/* Where `name()` of this stack's user stands in the headline; NULL. */
static const char *find_name(const char *in, const struct finding_stack *s, char *name, size_t cap)
{
	const struct finding_frame *fr = finding_user_frame(s);

	if (!fr || !fr->function || !fr->function[0] || (size_t)snprintf(name, cap, "%s()", fr->function) >= cap)
		return NULL;
	return strstr(in, name);
}

void html_headline(FILE *to, const struct finding *f)
{
	static char line[8192], first[4096], second[4096];
	const char *a, *b, *rest = line;

	finding_headline(f, line, sizeof(line));
	a = find_name(line, &f->now.stack, first, sizeof(first));
	b = f->has_before ? find_name(a ? a + strlen(first) : line, &f->before.stack, second, sizeof(second)) : NULL;
	for (int i = 0; i < 2; i++) {
		const char *at = i ? b : a, *name = i ? second : first;

		if (!at)
			continue;
		html_text_n(to, rest, (size_t)(at - rest));
		fputs("<code>", to);
		html_text(to, name);
		fputs("</code>", to);
		rest = at + strlen(name);
	}
	html_text(to, rest);
}
