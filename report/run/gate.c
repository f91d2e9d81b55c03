/* SPDX-License-Identifier: MIT */
/*
 * gate.c - the verdict, its words, and `race gate`.
 *
 * Counts    distinct findings: one fingerprint is one finding, however often and in however many processes it was seen. Known are
 *           those of the baseline. More new ones than the threshold: 66, unless only to warn.
 */
#include "gate.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "../util/console.h"
#include "../verbs.h"

#define GONE_SHOWN 50

int gate_is_new(const struct group *g, const struct baseline *b)
{
	return g->counts && !baseline_find(b, g->fingerprint);
}

static int fits(const struct process *p, const char *glob)
{
	return !*glob || (p->program && fnmatch(glob, p->program, 0) == 0) || (p->path && fnmatch(glob, p->path, 0) == 0);
}

void gate_judge(const struct findings *set, const struct config *c, struct baseline *b, struct verdict *v)
{
	struct baseline_entry *e, *next;

	memset(v, 0, sizeof(*v));
	for (size_t i = 0; i < set->ngroups; i++) {
		e = baseline_find(b, set->groups[i].fingerprint);
		if (e)
			e->seen = 1;
		if (!set->groups[i].counts)
			v->below++;
		else if (e)
			v->known++;
		else
			v->fresh++;
	}
	/* where nothing was looked at, nothing has gone */
	HASH_ITER(hh, b->entries, e, next)
		v->gone += !e->seen && set->nprocesses + set->ngroups > 0;
	for (size_t i = 0; i < set->nprocesses; i++) {
		v->fitting += fits(&set->processes[i], c->require ? c->require : "");
		if (set->processes[i].below_level > 0)
			v->below += set->processes[i].below_level;
	}
	v->above = v->fresh > c->threshold;
	v->unchecked = c->require && v->fitting == 0;
}

struct gate_outcome gate_outcome(const struct config *c, const struct verdict *v)
{
	struct gate_outcome o = { .result = GATE_PASSED, .fresh = v->fresh, .known = v->known, .allowed = c->threshold };

	if (v->above && !c->warn_only)
		o.result = GATE_ABOVE;
	else if (v->unchecked)
		o.result = GATE_UNCHECKED;
	else if (v->above)
		o.result = GATE_WARNED;
	return o;
}

/* ---- words ------------------------------------------------------------------------------------------------------------ */

static const char *plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

static void say(FILE *to, const struct config *c, const char *text)
{
	char *clean = console_clean(text);

	fprintf(to, "race %s: %s\n", c->verb, clean);
	free(clean);
}

static void say_counts(FILE *to, const struct findings *set, const struct config *c, const struct baseline *b, const struct verdict *v)
{
	char text[400];
	size_t n = 0;
	int64_t all = v->fresh + v->known;

#define ADD(...) n += (size_t)snprintf(text + n, sizeof(text) - n, __VA_ARGS__)
	if (set->distinct)
		ADD("%ld process%s checked; ", (long)set->distinct, set->distinct == 1 ? "" : "es");
	if (!all)
		ADD("no findings%s", set->nprocesses ? " in what was seen of them" : "");
	else
		ADD("%ld finding%s", (long)all, plural(all));
	if (all && b->name)
		ADD(": %ld new, %ld known", (long)v->fresh, (long)v->known);
	if (v->gone)
		ADD("; %ld of the baseline %s gone", (long)v->gone, v->gone == 1 ? "is" : "are");
	if (v->below)
		ADD("; %ld below the level", (long)v->below);
#undef ADD
	say(to, c, text);
}

void gate_tell_gone(FILE *to, const struct baseline *b, const struct verdict *v)
{
	struct baseline_entry *e, *next;
	int shown = 0;

	HASH_ITER(hh, b->entries, e, next) {
		char *note;

		if (e->seen || !v->gone)
			continue;
		if (shown++ == GONE_SHOWN) {
			fprintf(to, "gone   ... and %ld more\n", (long)v->gone - GONE_SHOWN);
			break;
		}
		note = console_clean(e->note);
		fprintf(to, "gone   %.12s  %s\n", e->fingerprint, note);
		free(note);
	}
}

void gate_tell(FILE *to, const struct findings *set, const struct config *c, const struct baseline *b, const struct verdict *v)
{
	const struct setting *threshold = &c->set[SETTING_THRESHOLD];
	char text[1200], allowed[300];

	say_counts(to, set, c, b, v);
	snprintf(allowed, sizeof(allowed), "%ld %s%s, %ld %s allowed (threshold: %s)", (long)v->fresh, b->name ? "new finding" : "finding",
		 plural(v->fresh), (long)c->threshold, c->threshold == 1 ? "is" : "are", threshold->from);
	if (v->above && c->warn_only) {
		snprintf(text, sizeof(text), "WARNING only: %s; this does not fail (warn-only: %s)", allowed, c->set[SETTING_WARN_ONLY].from);
		say(to, c, text);
	} else if (v->above) {
		snprintf(text, sizeof(text), "FAILED: %s", allowed);
		say(to, c, text);
	} else if (v->fresh) {
		snprintf(text, sizeof(text), "passed: %s", allowed);
		say(to, c, text);
	}
	if (v->unchecked && *c->require) {
		snprintf(text, sizeof(text), "FAILED: no process that fits \"%s\" was checked (require: %s)", c->require,
			 c->set[SETTING_REQUIRE].from);
		say(to, c, text);
	} else if (v->unchecked) {
		snprintf(text, sizeof(text), "FAILED: nothing was checked, librace was loaded into no process (require: %s); "
			 "`race check BINARY` tells why", c->set[SETTING_REQUIRE].from);
		say(to, c, text);
	}
}

/* ---- race gate --------------------------------------------------------------------------------------------------------- */

enum { OPTION_WRITE_BASELINE = 1, OPTION_QUIET, OPTION_ALL };

#define LISTED 20

static void list(struct findings *set, const struct baseline *b, int all)
{
	char text[400];
	int shown = 0;

	for (size_t i = 0; i < set->ngroups; i++) {
		const struct group *g = &set->groups[i];
		const struct finding *f;

		if (!g->counts && !all)
			continue;
		if (shown++ == LISTED && !all) {
			printf("...    more are left out; `race gate --all` lists them\n");
			break;
		}
		f = findings_get(set, g);
		text[0] = 0;
		if (f)
			finding_headline(f, text, sizeof(text));
		printf("%s  %.12s  %s%s%s\n", !g->counts ? "below" : gate_is_new(g, b) ? "new  " : "known", g->fingerprint,
		       g->program ? g->program : "", g->program ? ": " : "", text);
		findings_release(set);
	}
}

static int gate(struct config *c, const char *write_baseline, int quiet, int all, int n, char **names)
{
	struct baseline b;
	struct findings set;
	struct verdict v;
	int status = baseline_load(&b, c->verb, c->baseline);

	if (status)
		return status;
	status = findings_load(&set, c->verb, n, names);
	if (status) {
		baseline_free(&b);
		return status;
	}
	gate_judge(&set, c, &b, &v);
	if (findings_unread(&set)) {
		status = console_complain(c->verb, "no record and no report could be read in %s; `race run -- CMD ARGS` makes them", n ? names[0] : "./librace.out");
	} else if (set.nsources == 0 && set.nprocesses == 0) {
		status = console_complain(c->verb, "there is no record and no run.json in %s; `race run -- CMD ARGS` makes them",
					  n ? names[0] : "./librace.out");
	} else if (write_baseline) {
		status = baseline_write(&set, c->verb, write_baseline);
		if (!status && !quiet)
			printf("race gate: %ld finding%s written to %s; `race gate --baseline FILE` lets them pass\n", (long)(v.fresh + v.known),
			       plural(v.fresh + v.known), write_baseline);
	} else {
		if (!quiet || v.above || v.unchecked) {
			list(&set, &b, all);
			gate_tell_gone(stdout, &b, &v);
			gate_tell(stdout, &set, c, &b, &v);
			if (v.fresh)
				say(stdout, c, "`race explain ID` tells about one; `race gate --write-baseline FILE` takes all as known");
		}
		status = v.above && !c->warn_only ? GATE_FAILED : 0;
		if ((v.unchecked || set.lost) && !status)
			status = 2;
		if (set.started && set.command_status < 0) {
			console_complain(c->verb, "the run has not ended, or was killed: its records may be incomplete; `race run` makes them anew");
			if (c->require && !status)
				status = 2;
		}
	}
	findings_free(&set);
	baseline_free(&b);
	return status;
}

int gate_main(int argc, char **argv)
{
	static const struct option table[] = { CONFIG_GATE_OPTIONS,
					       { "write-baseline", required_argument, NULL, OPTION_WRITE_BASELINE },
					       { "quiet", no_argument, NULL, OPTION_QUIET },
					       { "all", no_argument, NULL, OPTION_ALL },
					       { NULL, 0, NULL, 0 } };
	struct console_options o = { .verb = "gate", .table = table };
	const char *write_baseline = NULL;
	int option, quiet = 0, all = 0, status;
	struct config c;

	config_begin(&c, "gate");
	console_options_begin(&o, argc, argv);
	while ((option = console_option(&o)) >= 0) {
		if (option == OPTION_WRITE_BASELINE)
			write_baseline = optarg;
		else if (option == OPTION_QUIET)
			quiet = 1;
		else if (option == OPTION_ALL)
			all = 1;
		else if (config_option(&c, option, optarg) < 0)
			break;
	}
	if (option != CONSOLE_END)
		status = option >= 0 ? 2 : console_options_status(option);
	else if ((status = config_load(&c)) == 0)
		status = gate(&c, write_baseline, quiet, all, o.argc, o.argv);
	free(o.copy);
	config_free(&c);
	return status;
}
