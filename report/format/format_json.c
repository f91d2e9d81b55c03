/* SPDX-License-Identifier: MIT */
/*
 * format_json.c - the set as one document: docs/schema/report.schema.json.
 *
 * One finding a line, so that a text tool can still look into it, and two documents can be compared by line.
 */
#include "format_json.h"

static void processes(struct json_writer *w, const struct findings *set)
{
	jw_open(w, "processes", '[');
	for (size_t i = 0; i < set->nprocesses; i++) {
		const struct process *p = &set->processes[i];

		jw_open(w, NULL, '{');
		jw_text(w, "program", p->program);
		jw_text(w, "path", p->path);
		jw_number(w, "pid", p->pid);
		jw_number(w, "ppid", p->ppid);
		jw_text(w, "start", p->start);
		jw_text(w, "end", p->end);
		jw_text(w, "host", p->host);
		jw_text(w, "librace", p->version);
		jw_text(w, "source", p->source);
		jw_number(w, "findings", p->findings);
		jw_number(w, "below_level", p->below_level);
		jw_number(w, "suppressed", p->suppressed);
		jw_tags(w, "tags", p->tags);
		jw_close(w, '}');
	}
	jw_close(w, ']');
}

int format_json(struct findings *set, const struct format_options *o, FILE *to)
{
	struct json_writer w;
	int64_t counted = 0;

	for (size_t i = 0; i < set->ngroups; i++)
		counted += set->groups[i].counts;
	jw_begin(&w, to, 2);
	jw_open(&w, NULL, '{');
	jw_text(&w, "type", "report");
	jw_number(&w, "schema", RECORD_SCHEMA);
	jw_text(&w, "generator", "race " RACE_VERSION);
	if (set->command)
		jw_run(&w, set);
	jw_open(&w, "summary", '{');
	jw_number(&w, "findings", (int64_t)set->ngroups);
	jw_number(&w, "counted", counted);
	jw_number(&w, "reports", set->reports);
	jw_number(&w, "processes", set->distinct);
	jw_number(&w, "sources", (int64_t)set->nsources);
	jw_number(&w, "bad", set->bad);
	jw_close(&w, '}');
	processes(&w, set);
	jw_open(&w, "findings", '[');
	for (size_t i = 0; i < set->ngroups; i++) {
		const struct finding *f;

		if (!set->groups[i].counts && !o->all)
			continue;
		f = findings_get(set, &set->groups[i]);
		if (f)
			jw_finding(&w, set, &set->groups[i], f, o, 0);
		findings_release(set);
	}
	jw_close(&w, ']');
	jw_close(&w, '}');
	jw_end(&w);
	return 0;
}
