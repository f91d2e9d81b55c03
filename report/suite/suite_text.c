/* SPDX-License-Identifier: MIT */
/*
 * suite_text.c - a suite as a table, as JSON and as JUnit XML.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "../util/room.h"

#define SHORT_FINGERPRINT 12
#define HEADLINE_MAX 400

/* What one test has, in words or as a number. */
static const char *ended(const struct suite_test *t, char to[24])
{
	if (t->status < 0)
		return t->running ? "running" : "killed";
	snprintf(to, 24, "%d", t->status);
	return to;
}

static void headline_of(struct findings *set, const struct group *g, char to[HEADLINE_MAX])
{
	const struct finding *f = findings_get(set, g);

	if (f)
		finding_headline(f, to, HEADLINE_MAX);
	else
		snprintf(to, HEADLINE_MAX, "%s", finding_kind_name(g->kind));
	findings_release(set);
}

/* ---- text ----------------------------------------------------------------------------------------------------------- */

/* The fingerprints of the suite, each once, for the last line. */
struct seen {
	char (*at)[FINGERPRINT_DIGITS + 1];
	size_t n;
};

static void see(struct seen *s, const char *fingerprint)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!strcmp(s->at[i], fingerprint))
			return;
	}
	s->at = room_grow(s->at, s->n, sizeof(*s->at));
	memcpy(s->at[s->n++], fingerprint, FINGERPRINT_DIGITS + 1);
}

int suite_text(struct suite *suite, int all, FILE *to)
{
	struct seen seen = { NULL, 0 };
	size_t width = 4, with = 0, unchecked = 0;

	for (size_t i = 0; i < suite->n; i++) {
		size_t n = strlen(suite->tests[i].name);

		if (n > width)
			width = n < 60 ? n : 60;
	}
	fprintf(to, "%-*s  %7s  %9s  %9s\n", (int)width, "TEST", "STATUS", "PROCESSES", "FINDINGS");
	for (size_t i = 0; i < suite->n; i++) {
		const struct suite_test *t = &suite->tests[i];
		struct findings set;
		char status[24];
		size_t shown = 0;

		if (suite_findings(t, &set) != 0) {
			fprintf(to, "%-*s  %7s  %9s  %9s\n", (int)width, t->name, ended(t, status), "-", "-");
			unchecked++;
			continue;
		}
		for (size_t g = 0; g < set.ngroups; g++)
			shown += all || set.groups[g].counts;
		fprintf(to, "%-*s  %7s  %9lld  %9zu\n", (int)width, t->name, ended(t, status), (long long)set.distinct, shown);
		for (size_t g = 0; g < set.ngroups; g++) {
			char line[HEADLINE_MAX];

			if (!all && !set.groups[g].counts)
				continue;
			headline_of(&set, &set.groups[g], line);
			fprintf(to, "    %.*s  %s\n", SHORT_FINGERPRINT, set.groups[g].fingerprint, line);
			see(&seen, set.groups[g].fingerprint);
		}
		if (shown)
			fprintf(to, "    race report %s\n", t->reports);
		with += shown > 0;
		unchecked += set.nprocesses == 0;
		findings_free(&set);
	}
	fprintf(to, "\n%zu test%s, %zu with findings, %zu distinct", suite->n, suite->n == 1 ? "" : "s", with, seen.n);
	if (unchecked)
		fprintf(to, "; %zu in which librace saw no process", unchecked);
	fputc('\n', to);
	free(seen.at);
	return 0;
}

/* ---- JSON ----------------------------------------------------------------------------------------------------------- */

static json_t *json_of_test(const struct suite_test *t, int all)
{
	struct findings set;
	json_t *o = json_object(), *list = json_array();

	json_object_set_new(o, "name", json_string(t->name));
	json_object_set_new(o, "reports", json_string(t->reports));
	json_object_set_new(o, "status", t->status < 0 ? json_null() : json_integer(t->status));
	if (suite_findings(t, &set) == 0) {
		json_object_set_new(o, "processes", json_integer((json_int_t)set.distinct));
		for (size_t i = 0; i < set.ngroups; i++) {
			const struct group *g = &set.groups[i];
			char line[HEADLINE_MAX];
			json_t *f;

			if (!all && !g->counts)
				continue;
			headline_of(&set, g, line);
			f = json_object();
			json_object_set_new(f, "fingerprint", json_string(g->fingerprint));
			json_object_set_new(f, "kind", json_string(finding_kind_name(g->kind)));
			json_object_set_new(f, "class", json_string(finding_class_name(g->class)));
			json_object_set_new(f, "counts", json_boolean(g->counts));
			json_object_set_new(f, "seen", json_integer(g->seen));
			json_object_set_new(f, "headline", json_string(line));
			json_array_append_new(list, f);
		}
		findings_free(&set);
	} else {
		json_object_set_new(o, "processes", json_integer(0));
	}
	json_object_set_new(o, "findings", list);
	return o;
}

int suite_json(struct suite *suite, int all, FILE *to)
{
	json_t *o = json_object(), *tests = json_array();
	int failed;

	json_object_set_new(o, "schema", json_integer(1));
	json_object_set_new(o, "type", json_string("tests"));
	for (size_t i = 0; i < suite->n; i++)
		json_array_append_new(tests, json_of_test(&suite->tests[i], all));
	json_object_set_new(o, "tests", tests);
	failed = json_dumpf(o, to, JSON_INDENT(2)) != 0;
	fputc('\n', to);
	json_decref(o);
	return failed ? 2 : 0;
}

/* ---- JUnit ---------------------------------------------------------------------------------------------------------- */

static void xml(FILE *to, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&': fputs("&amp;", to); break;
		case '<': fputs("&lt;", to); break;
		case '>': fputs("&gt;", to); break;
		case '"': fputs("&quot;", to); break;
		default:
			if ((unsigned char)*s >= ' ' || *s == '\n' || *s == '\t')
				fputc(*s, to);
		}
	}
}

/* One case a test; it fails by its findings only: its own verdict is the harness's to tell. */
static void junit_test(const struct suite_test *t, int all, FILE *to)
{
	struct findings set;
	size_t shown = 0;

	fputs("    <testcase classname=\"librace\" name=\"", to);
	xml(to, t->name);
	fputs("\" time=\"0\"", to);
	if (suite_findings(t, &set) != 0) {
		fputs(">\n      <skipped message=\"nothing was recorded\"/>\n    </testcase>\n", to);
		return;
	}
	for (size_t i = 0; i < set.ngroups; i++) {
		const struct finding *f;
		char line[HEADLINE_MAX];

		if (!all && !set.groups[i].counts)
			continue;
		fputs(shown++ ? "\n" : ">\n      <failure type=\"librace\" message=\"", to);
		headline_of(&set, &set.groups[i], line);
		if (shown == 1) {
			xml(to, line);
			fputs("\">", to);
		}
		f = findings_get(&set, &set.groups[i]);
		xml(to, f && f->text ? f->text : line);
		findings_release(&set);
	}
	fputs(shown ? "</failure>\n    </testcase>\n" : "/>\n", to);
	findings_free(&set);
}

int suite_junit(struct suite *suite, int all, FILE *to)
{
	size_t failures = 0, skipped = 0;

	for (size_t i = 0; i < suite->n; i++) {
		struct findings set;
		size_t shown = 0;

		if (suite_findings(&suite->tests[i], &set) != 0) {
			skipped++;
			continue;
		}
		for (size_t g = 0; g < set.ngroups; g++)
			shown += all || set.groups[g].counts;
		failures += shown > 0;
		findings_free(&set);
	}
	fprintf(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"librace\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
		suite->n, failures, skipped);
	for (size_t i = 0; i < suite->n; i++)
		junit_test(&suite->tests[i], all, to);
	fputs("  </testsuite>\n</testsuites>\n", to);
	return 0;
}
