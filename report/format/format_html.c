/* SPDX-License-Identifier: MIT */
/*
 * format_html.c - `race report --format=html`: one page that needs nothing else.
 *
 * Page      html/page.html with {{places}} that are filled from here; style and script are inside it.
 * Safe      the page's own policy forbids the network and every script but the one whose digest it names, so that what a record
 *           holds could not run even if it got past html_text().
 * Large     the inside of a finding lies in <noscript>: plain text for a browser with scripts until it is opened, and there to be
 *           read in one without.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../fingerprint.h"
#include "html.h"

struct sums {
	size_t certain, likely, possible, misuses, counted, others;
	size_t races; /* that count */
	size_t left_out; /* do not count, and are not asked for */
	int doubt; /* the command failed, or nobody knows how it ended */
	enum gate_result gate; /* of the run; where nothing says it, that of a gate that allows no finding */
};

static int is_shown(const struct group *g, const struct format_options *o)
{
	return g->counts || o->all;
}

static struct sums sum_up(const struct findings *set, const struct format_options *o)
{
	struct sums s = { .gate = set->gate.result, .doubt = set->started && set->command_status != 0 };

	for (size_t i = 0; i < set->ngroups; i++) {
		const struct group *g = &set->groups[i];

		s.left_out += !is_shown(g, o);
		if (!is_shown(g, o))
			continue;
		if (g->kind != FINDING_RACE)
			s.misuses++;
		else if (g->class == CLASS_CERTAIN)
			s.certain++;
		else if (g->class == CLASS_POSSIBLE)
			s.possible++;
		else
			s.likely++;
		s.races += g->counts && g->kind == FINDING_RACE;
		if (g->counts)
			s.counted++;
		else
			s.others++;
	}
	if (s.gate == GATE_UNKNOWN)
		s.gate = s.counted ? GATE_ABOVE : GATE_PASSED;
	return s;
}

/* ---- head ----------------------------------------------------------------------------------------------------------------- */

static void put_digest(FILE *to, const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct sha256 s;
	uint8_t d[33] = { 0 };

	sha256_begin(&s);
	sha256_add(&s, text, strlen(text));
	sha256_end(&s, d);
	for (int i = 0; i < 33; i += 3) {
		uint32_t three = (uint32_t)d[i] << 16 | (uint32_t)d[i + 1] << 8 | d[i + 2];

		putc(letters[three >> 18], to);
		putc(letters[three >> 12 & 63], to);
		putc(letters[three >> 6 & 63], to);
		putc(i == 30 ? '=' : letters[three & 63], to);
	}
}

static int has_failed(const struct sums *s)
{
	return s->gate == GATE_ABOVE || s->gate == GATE_UNCHECKED;
}

/* What the eye finds among twenty tabs. */
static void put_icon(FILE *to, const struct sums *s)
{
	const char *colour = has_failed(s) ? "b0241c" : s->counted || s->others || s->doubt ? "835000" : "1a6640";

	fprintf(to, "data:image/svg+xml,%%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 22 22'%%3E%%3Ccircle cx='11' cy='11' r='10' fill='%%23%s'/%%3E%%3Cpath "
		"d='%s' fill='none' stroke='%%23fff' stroke-width='2.6' stroke-linecap='round'/%%3E%%3C/svg%%3E", colour, has_failed(s) || s->counted || s->others || s->doubt ? "M11 6v6M11 16v.1" : "M6.5 11.5l3 3 6-6.5");
}

static void put_title(FILE *to, const struct findings *set, const struct sums *s)
{
	if (s->counted || s->others)
		html_plural(to, (int64_t)(s->counted + s->others), "finding", "findings");
	else
		fputs("No findings", to);
	if (set->command) {
		fputs(": ", to);
		html_short(to, set->command, 36);
	}
	fputs(" - librace", to);
}

static void put_sign(FILE *to, const char *shape)
{
	fprintf(to, "<svg width=\"46\" height=\"46\" viewBox=\"0 0 46 46\" aria-hidden=\"true\"><circle class=\"sign\" cx=\"23\" cy=\"23\" r=\"21\"/><path class=\"sign\" d=\"%s\"/></svg>", shape);
}

/* Why findings that count do fail, or do not. */
static void put_gate(FILE *to, const struct findings *set)
{
	const struct gate_outcome *g = &set->gate;

	switch (g->result) {
	case GATE_UNKNOWN:
		fputs("A gate that allows none fails, with status 66.", to);
		return;
	case GATE_UNCHECKED:
		fputs("No process that the run requires was checked.", to);
		return;
	case GATE_PASSED:
		if (!g->fresh) {
			fputs(g->known == 1 ? "The baseline of the run knows it." : "The baseline of the run knows all of them.", to);
			return;
		}
		break;
	case GATE_WARNED:
		fputs("The run was told to warn only. ", to);
		break;
	case GATE_ABOVE:
		break;
	}
	html_number(to, g->fresh);
	fputs(g->known ? " new, " : " found, ", to);
	if (g->known) {
		html_number(to, g->known);
		fputs(" known by the baseline, ", to);
	}
	html_plural(to, g->allowed, "is allowed.", "are allowed.");
}

static const char *badge(const struct findings *set, const struct sums *s)
{
	if (has_failed(s))
		return "Fail";
	if (s->gate == GATE_WARNED)
		return "Warning";
	return set->nprocesses == 0 && !s->counted && !s->others ? "Nothing checked" : "Pass";
}

static void put_verdict(FILE *to, const struct findings *set, const struct sums *s)
{
	const char *class = has_failed(s) ? "bad" : s->counted || s->others || s->doubt || set->nprocesses == 0 ? "unsure" : "good";

	fprintf(to, "<section class=\"hero %s\" aria-label=\"Result\">\n<div class=\"verdict\">", class);
	put_sign(to, class[0] == 'g' ? "M14 24l6 6 12-14" : "M23 13v13M23 33v.2");
	fprintf(to, "<div><span class=\"badge\">%s</span><h1>", badge(set, s));
	if (s->counted) {
		if (s->races == s->counted)
			html_plural(to, (int64_t)s->counted, "race was found", "races were found");
		else
			html_plural(to, (int64_t)s->counted, "finding that counts", "findings that count");
	} else if (s->others) {
		html_plural(to, (int64_t)s->others, "finding, none of which counts", "findings, none of which counts");
	} else {
		fputs(!set->nprocesses ? "No process was watched" : s->left_out ? "No finding counts" : "No race was found", to);
	}
	fputs("</h1></div></div>\n<p class=\"lead\">", to);
	if (s->counted) {
		put_gate(to, set);
		if (s->others) {
			fputs(" ", to);
			html_plural(to, (int64_t)s->others, "more is shown that does not count.", "more are shown that do not count.");
		}
	} else if (s->gate == GATE_UNCHECKED) {
		put_gate(to, set);
	} else if (s->others) {
		fputs("They are of a class, or a kind, that does not fail a gate by default.", to);
	} else if (set->nprocesses) {
		fputs("librace watched the maps of ", to);
		html_plural(to, set->distinct, "process", "processes");
		fputs(s->left_out ? "." : ", and saw no two threads meet in one without an order.", to);
	} else {
		fputs("There is no record of a process that librace was loaded into.", to);
	}
	if (s->left_out) {
		fputs(" ", to);
		html_plural(to, (int64_t)s->left_out, "more does not count and is left out; <code>race report --all</code> shows it.",
			    "more do not count and are left out; <code>race report --all</code> shows them.");
	}
	if (s->doubt && set->command_status > 0)
		fprintf(to, " The command itself ended with status %d.", set->command_status);
	else if (s->doubt)
		fputs(" The run has not ended, or was killed: its records may be incomplete.", to);
	fputs("</p>\n", to);
}

static void put_fact(FILE *to, const char *name, const char *value)
{
	if (!value || !value[0])
		return;
	fprintf(to, "<div><dt>%s</dt><dd>", name);
	html_text(to, value);
	fputs("</dd></div>\n", to);
}

static void put_facts(FILE *to, const struct findings *set)
{
	if (set->command) {
		fputs("<p class=\"cmd\"><span class=\"dollar\" aria-hidden=\"true\">$ </span><code>", to);
		html_text(to, set->command);
		fputs("</code></p>\n", to);
	}
	if (!set->started && !set->host && !set->version && !set->branch && !set->revision && set->command_status < 0 && !set->tags)
		return;
	fputs("<dl class=\"facts\">\n", to);
	if (set->started) {
		fputs("<div><dt>Started</dt><dd>", to);
		html_time(to, set->started);
		fputs("</dd></div>\n", to);
	}
	put_fact(to, "Host", set->host);
	put_fact(to, "librace", set->version);
	put_fact(to, "Branch", set->branch);
	put_fact(to, "Revision", set->revision);
	if (set->command_status >= 0)
		fprintf(to, "<div><dt>The command's own status</dt><dd>%d</dd></div>\n", set->command_status);
	for (size_t i = 0; set->tags && set->tags[i]; i++) {
		fputs(i ? ", " : "<div><dt>Tags</dt><dd>", to);
		html_text(to, set->tags[i]);
		if (!set->tags[i + 1])
			fputs("</dd></div>\n", to);
	}
	fputs("</dl>\n", to);
}

static void put_tile(FILE *to, const char *class, const char *name, int64_t n)
{
	fprintf(to, "<div class=\"%s%s\"><dt>%s</dt><dd>", class, n ? "" : " zero", name);
	html_number(to, n);
	fputs("</dd></div>\n", to);
}

static void put_next_steps(FILE *to, const struct findings *set)
{
	fputs("<ul class=\"steps\">\n", to);
	if (set->nprocesses == 0) {
		fputs("<li><span>Run the tests under librace: <code>race run --require -- YOUR TEST</code>. With <code>--require</code> it fails when nothing was checked.</span></li>\n"
		      "<li><span>A static or set-id program cannot load it: <code>race check PROGRAM</code> tells.</span></li>\n", to);
	} else {
		fputs("<li><span>Only code that ran was checked: a test that uses more of the program finds more.</span></li>\n"
		      "<li><span>What librace cannot see of a program, and why: <code>race check PROGRAM</code>.</span></li>\n"
		      "<li><span>Once more, for what depends on luck: <code>race run --repeat 10 -- YOUR TEST</code>.</span></li>\n", to);
	}
	fputs("</ul>\n", to);
}

static void put_summary(FILE *to, const struct findings *set, const struct sums *s, const struct format_options *o)
{
	int64_t below = 0, suppressed = 0;

	for (size_t i = 0; i < set->nprocesses; i++) {
		below += set->processes[i].below_level > 0 ? set->processes[i].below_level : 0;
		suppressed += set->processes[i].suppressed > 0 ? set->processes[i].suppressed : 0;
	}
	put_verdict(to, set, s);
	put_facts(to, set);
	fputs("<dl class=\"tiles\">\n", to);
	put_tile(to, "certain", "certain races", (int64_t)s->certain);
	put_tile(to, "likely", "likely races", (int64_t)s->likely);
	if (s->possible || o->all)
		put_tile(to, "possible", "possible races", (int64_t)s->possible);
	if (s->misuses)
		put_tile(to, "misuse", "misuses of a map", (int64_t)s->misuses);
	put_tile(to, "all", "reports, with repetitions", set->reports);
	put_tile(to, "all", set->distinct == 1 ? "process watched" : "processes watched", set->distinct);
	if (below)
		put_tile(to, "all", "below the level", below);
	if (suppressed)
		put_tile(to, "all", "suppressed", suppressed);
	if (set->bad)
		put_tile(to, "all", set->bad == 1 ? "place that could not be read" : "places that could not be read", set->bad);
	fputs("</dl>\n", to);
	if (s->counted + s->others == 0)
		put_next_steps(to, set);
	fputs("</section>", to);
}

/* ---- findings ------------------------------------------------------------------------------------------------------------- */

static const char *class_word(const struct group *g)
{
	static const char *const misuses[] = { "", "dead map", "stale", "torn" };

	return g->kind == FINDING_RACE ? g->class ? finding_class_name(g->class) : "likely" : misuses[g->kind];
}

static void put_attribute(FILE *to, const char *name, const char *value)
{
	fprintf(to, " data-%s=\"", name);
	html_text(to, value);
	fputs("\"", to);
}

static const char *map_name(const struct finding *f, char *to, size_t cap)
{
	const char *kind = f->map_kind ? f->map_kind : "map";

	if (f->map_label)
		snprintf(to, cap, "%s \"%s\"", kind, f->map_label);
	else
		snprintf(to, cap, "%s", kind);
	return to;
}

static void put_finding(FILE *to, const struct findings *set, const struct group *g, const struct finding *f, const struct format_options *o)
{
	static const char *const kinds[] = { "data race", "use of dead map", "stale iterator", "check then act" };
	char name[400];

	fprintf(to, "<details class=\"f\" id=\"%s\"", g->fingerprint);
	put_attribute(to, "c", class_word(g));
	put_attribute(to, "k", kinds[g->kind]);
	put_attribute(to, "m", map_name(f, name, sizeof(name)));
	put_attribute(to, "p", g->program ? g->program : "");
	fputs(" data-t=\"", to);
	html_text(to, html_thread_of(f, &f->now, name, sizeof(name)));
	if (f->has_before && f->before.thread != f->now.thread) {
		fputs("\n", to);
		html_text(to, html_thread_of(f, &f->before, name, sizeof(name)));
	}
	fprintf(to, "\"><summary><span class=\"class %s\">%s</span><h3 class=\"head\">", g->kind == FINDING_RACE ? class_word(g) : "misuse", class_word(g));
	html_headline(to, f);
	fputs("</h3><span class=\"times\">", to);
	html_number(to, g->seen);
	fputs("×</span><span class=\"meta\"><span>", to);
	html_text(to, g->program ? g->program : "unknown program");
	fputs("</span>", to);
	if (f->severity && g->kind == FINDING_RACE) {
		fputs("<span>severity ", to);
		html_text(to, f->severity);
		fputs("</span>", to);
	}
	fputs("<span>", to);
	html_text(to, map_name(f, name, sizeof(name)));
	fputs("</span>", to);
	if (g->processes > 1) {
		fputs("<span>", to);
		html_number(to, g->processes);
		fputs(" processes</span>", to);
	}
	if (!g->counts)
		fputs("<span>does not count</span>", to);
	fputs("</span></summary><div class=\"body\"><noscript>", to);
	html_finding(to, f, g, o);
	fputs("</noscript></div></details>\n", to);
}

static void put_findings(FILE *to, struct findings *set, const struct format_options *o)
{
	for (size_t i = 0; i < set->ngroups; i++) {
		const struct finding *f = is_shown(&set->groups[i], o) ? findings_get(set, &set->groups[i]) : NULL;

		if (f)
			put_finding(to, set, &set->groups[i], f, o);
		findings_release(set);
	}
}

/* ---- processes ------------------------------------------------------------------------------------------------------------ */

static void put_count(FILE *to, int64_t n)
{
	fputs("<td class=\"num\">", to);
	if (n >= 0)
		html_number(to, n);
	fputs("</td>", to);
}

static void put_processes(FILE *to, const struct findings *set)
{
	if (set->nprocesses == 0)
		return;
	fprintf(to, "<details class=\"procs\"%s><summary>", set->nprocesses <= 20 ? " open" : "");
	html_plural(to, (int64_t)set->nprocesses, "process", "processes");
	fputs("</summary>\n<section class=\"wide\" aria-label=\"Processes\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">Program</th><th scope=\"col\" class=\"num\">Process</th>"
	      "<th scope=\"col\" class=\"num\">Parent</th><th scope=\"col\">Path</th><th scope=\"col\">Started</th><th scope=\"col\">Ended</th><th scope=\"col\" class=\"num\">Reports</th>"
	      "<th scope=\"col\" class=\"num\">Below the level</th><th scope=\"col\" class=\"num\">Suppressed</th></tr></thead>\n<tbody>\n", to);
	for (size_t i = 0; i < set->nprocesses; i++) {
		const struct process *p = &set->processes[i];

		fputs("<tr><th scope=\"row\">", to);
		html_text(to, p->program ? p->program : "unknown");
		fprintf(to, "</th><td class=\"num\">%" PRId64 "</td>", p->pid);
		if (p->ppid >= 0)
			fprintf(to, "<td class=\"num\">%" PRId64 "</td>", p->ppid);
		else
			fputs("<td></td>", to);
		fputs("<td class=\"path\">", to);
		html_text(to, p->path ? p->path : "");
		fputs("</td><td>", to);
		html_time(to, p->start ? p->start : "");
		fputs("</td><td>", to);
		html_time(to, p->end ? p->end : "no end was written");
		fputs("</td>", to);
		put_count(to, p->findings);
		put_count(to, p->below_level);
		put_count(to, p->suppressed);
		fputs("</tr>\n", to);
	}
	fputs("</tbody></table></section></details>", to);
}

/* ---- the page ------------------------------------------------------------------------------------------------------------- */

static void put_sources(FILE *to, const struct findings *set)
{
	if (set->nsources == 1) {
		html_text(to, set->sources[0]);
		return;
	}
	html_plural(to, (int64_t)set->nsources, "file", "files");
}

static int is_place(const char *name, size_t n, const char *want)
{
	return strlen(want) == n && !memcmp(name, want, n);
}

static void fill_place(FILE *to, const char *name, size_t n, struct findings *set, const struct sums *s, const struct format_options *o)
{
	if (is_place(name, n, "style_hash"))
		put_digest(to, html_style);
	else if (is_place(name, n, "script_hash"))
		put_digest(to, html_script);
	else if (is_place(name, n, "style"))
		fputs(html_style, to);
	else if (is_place(name, n, "script"))
		fputs(html_script, to);
	else if (is_place(name, n, "version"))
		fputs(RACE_VERSION, to);
	else if (is_place(name, n, "title"))
		put_title(to, set, s);
	else if (is_place(name, n, "icon"))
		put_icon(to, s);
	else if (is_place(name, n, "summary"))
		put_summary(to, set, s, o);
	else if (is_place(name, n, "list_hidden"))
		fputs(s->counted + s->others ? "" : " hidden", to);
	else if (is_place(name, n, "findings"))
		put_findings(to, set, o);
	else if (is_place(name, n, "processes"))
		put_processes(to, set);
	else if (is_place(name, n, "sources"))
		put_sources(to, set);
}

int format_html(struct findings *set, const struct format_options *o, FILE *to)
{
	struct sums s = sum_up(set, o);

	for (const char *at = html_page; *at;) {
		const char *open = strstr(at, "{{"), *close = open ? strstr(open, "}}") : NULL;

		if (!close) {
			fputs(at, to);
			break;
		}
		fwrite(at, 1, (size_t)(open - at), to);
		fill_place(to, open + 2, (size_t)(close - open - 2), set, &s, o);
		at = close + 2;
	}
	return 0;
}
