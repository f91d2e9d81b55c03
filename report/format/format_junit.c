/* SPDX-License-Identifier: MIT */
/*
 * format_junit.c - JUnit XML: a suite for each program, a failed test case for each finding, a passed one for each process
 * without any.
 *
 * Dialect   what the schema of Ant's JUnit task allows, which is the strictest: every reader takes it. A test case has no
 *           properties there, so that the fingerprints stand among the suite's, and in the failure's text.
 * Counts    stand before the cases, so that the set is walked over twice; the second time the findings are read.
 */
#include <stdlib.h>
#include <string.h>

#include "../findings/advice.h"
#include "tell.h"
#include "../util/room.h"

/* XML 1.0 has no way to write most control characters; tell_shown() has made them visible, as it has U+FFFE and U+FFFF. */
static void put_escaped(FILE *to, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&': fputs("&amp;", to); break;
		case '<': fputs("&lt;", to); break;
		case '>': fputs("&gt;", to); break;
		case '"': fputs("&quot;", to); break;
		default: fputc(*s, to);
		}
	}
}

static void foreign(FILE *to, const char *text, size_t n)
{
	char *s = strndup(text, n);

	put_escaped(to, s ? s : "");
	free(s);
}

static struct pen pen_xml(FILE *to, const struct format_options *o)
{
	return (struct pen){ to, foreign, o };
}

static void attribute(struct pen *p, const char *name, const char *value)
{
	pen_say(p, " %s=\"", name);
	pen_put(p, "%s", value);
	pen_say(p, "\"");
}

/* "2026-11-20T08:15:30": this schema knows no fractions and no zones. */
static void put_timestamp(struct pen *p, const char *time)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	char text[sizeof(shape)] = "1970-01-01T00:00:00";
	int good = time && strlen(time) >= sizeof(shape) - 1;

	for (size_t i = 0; good && i < sizeof(shape) - 1; i++)
		good = shape[i] == 'd' ? time[i] >= '0' && time[i] <= '9' : time[i] == shape[i];
	if (good)
		memcpy(text, time, sizeof(shape) - 1);
	attribute(p, "timestamp", text);
}

/* A name of white space alone would be none for who reads it. */
static const char *program_name(const char *program)
{
	return program && program[strspn(program, " \t\n\r")] ? program : "unknown program";
}

static int same_program(const char *a, const char *b)
{
	return !strcmp(program_name(a), program_name(b));
}

static void put_property(struct pen *p, const char *name, const char *value)
{
	if (!value)
		return;
	pen_say(p, "   <property");
	attribute(p, "name", name);
	attribute(p, "value", value);
	pen_say(p, "/>\n");
}

static void put_properties(struct pen *p, struct findings *set, const char *program)
{
	const struct group *g;
	size_t at = 0;

	pen_say(p, "  <properties>\n");
	put_property(p, "librace.version", set->version);
	put_property(p, "command", set->command);
	put_property(p, "branch", set->branch);
	put_property(p, "revision", set->revision);
	for (size_t i = 0; set->tags && set->tags[i]; i++)
		put_property(p, "tag", set->tags[i]);
	while ((g = tell_next(set, p->options->all, &at))) {
		if (same_program(g->program, program))
			put_property(p, "fingerprint", g->fingerprint);
	}
	pen_say(p, "  </properties>\n");
}

static void put_failure(struct pen *p, const struct finding *f, const struct group *g)
{
	struct advice advice[ADVICE_MOST];
	int n = advice_for(f, NULL, advice);
	char *report = tell_shown(f->text ? f->text : "");

	pen_say(p, "   <failure message=\"");
	tell_headline(p, f);
	pen_say(p, "\" type=\"%s\">", tell_rule(f->kind));
	pen_say(p, "Fingerprint: %s\n", g->fingerprint);
	pen_say(p, "What: ");
	tell_class(p, f);
	pen_say(p, "\nSeen: %ld %s, in %ld %s\n", (long)g->seen, g->seen == 1 ? "time" : "times", (long)g->processes,
		g->processes == 1 ? "process" : "processes");
	for (int i = 0; i < n; i++)
		pen_say(p, "Repair: %s. %s\n", advice[i].title, advice[i].text);
	pen_say(p, "\n");
	put_escaped(p->to, report);
	pen_say(p, "</failure>\n");
	free(report);
}

static void put_case_head(struct pen *p, const char *program)
{
	pen_say(p, "  <testcase classname=\"");
	pen_put(p, "%s", program_name(program));
}

static void put_cases(struct pen *p, struct findings *set, const char *program, char **uncounted)
{
	const struct group *g;
	struct text t;
	struct pen rest;
	size_t at = 0;

	rest = pen_xml(text_begin(&t), p->options);
	while ((g = tell_next(set, p->options->all, &at))) {
		const struct finding *f = same_program(g->program, program) ? findings_get(set, g) : NULL;

		if (f) {
			put_case_head(p, program);
			pen_say(p, "/");
			pen_put(p, "%s", f->map_kind ? f->map_kind : "map");
			pen_say(p, "\" name=\"");
			tell_headline(p, f);
			pen_say(p, " [%.8s]\" time=\"0\"", g->fingerprint);
			if (g->counts) {
				pen_say(p, ">\n");
				put_failure(p, f, g);
				pen_say(p, "  </testcase>\n");
			} else {
				char *report = tell_shown(f->text ? f->text : "");

				pen_say(p, "/>\n");
				pen_say(&rest, "Not counted: ");
				put_escaped(rest.to, report);
				pen_say(&rest, "\n");
				free(report);
			}
		}
		if (same_program(g->program, program))
			findings_release(set);
	}
	for (size_t i = 0; i < set->nprocesses; i++) {
		const struct process *one = &set->processes[i];

		if (!same_program(one->program, program) || one->findings > 0)
			continue;
		put_case_head(p, program);
		pen_say(p, "\" name=\"process %ld: no finding\" time=\"0\"/>\n", (long)one->pid);
	}
	*uncounted = text_end(&t);
}

static void put_suite(struct pen *p, struct findings *set, const char *program, int id)
{
	long tests = 0, failures = 0;
	const struct group *g;
	const char *start = set->started;
	char *uncounted;
	size_t at = 0;

	while ((g = tell_next(set, p->options->all, &at))) {
		if (same_program(g->program, program)) {
			tests++;
			failures += g->counts != 0;
		}
	}
	for (size_t i = 0; i < set->nprocesses; i++) {
		if (!same_program(set->processes[i].program, program))
			continue;
		tests += set->processes[i].findings <= 0;
		if (set->processes[i].start)
			start = set->processes[i].start;
	}
	pen_say(p, " <testsuite");
	attribute(p, "name", program_name(program));
	pen_say(p, " package=\"librace\" id=\"%d\"", id);
	put_timestamp(p, start);
	attribute(p, "hostname", set->host && set->host[strspn(set->host, " ")] ? set->host : "localhost");
	pen_say(p, " tests=\"%ld\" failures=\"%ld\" errors=\"0\" time=\"0\">\n", tests, failures);
	put_properties(p, set, program);
	put_cases(p, set, program, &uncounted);
	pen_say(p, "  <system-out>");
	fputs(uncounted, p->to);
	pen_say(p, "</system-out>\n  <system-err/>\n </testsuite>\n");
	free(uncounted);
}

/* Programs in the order of the alphabet: the same in each run. */
static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int format_junit(struct findings *set, const struct format_options *o, FILE *to)
{
	struct pen p = pen_xml(to, o);
	const char **names = room(set->ngroups + set->nprocesses + 1, sizeof(*names));
	const struct group *g;
	size_t n = 0, at = 0;
	int id = 0;

	while ((g = tell_next(set, o->all, &at)))
		names[n++] = program_name(g->program);
	for (size_t i = 0; i < set->nprocesses; i++)
		names[n++] = program_name(set->processes[i].program);
	qsort(names, n, sizeof(*names), compare);
	pen_say(&p, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || strcmp(names[i], names[i - 1]))
			put_suite(&p, set, names[i], id++);
	}
	pen_say(&p, "</testsuites>\n");
	free(names);
	return 0;
}
