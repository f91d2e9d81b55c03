/* SPDX-License-Identifier: MIT */
/*
 * format_finding.c - a finding as JSON, in the members of a record's line, with what merging knows beside them.
 *
 * The same members as in the record mean the same. `seen`, `processes`, `first`, `last` tell of the group; `headline`, `function`, `file`,
 * `line` are the first side's, at the top level, so that a log store needs no path expressions for what people ask most.
 */
#include <ctype.h>
#include <string.h>

#include "format_json.h"

static void frames(struct json_writer *w, const char *key, const struct finding_stack *s, const struct format_options *o)
{
	jw_open(w, key, '[');
	for (int i = 0; i < s->n; i++) {
		const struct finding_frame *f = &s->frames[i];

		jw_open(w, NULL, '{');
		jw_text(w, "function", f->function);
		jw_text(w, "file", f->file ? format_path(o, f->file) : NULL);
		jw_number(w, "line", f->line);
		jw_text(w, "module", f->module);
		jw_text(w, "build_id", f->build_id);
		jw_hex(w, "offset", f->offset);
		jw_hex(w, "address", f->address);
		if (f->user)
			jw_bool(w, "user", 1);
		if (f->system)
			jw_bool(w, "system", 1);
		if (f->inlined)
			jw_bool(w, "inlined", 1);
		jw_close(w, '}');
	}
	jw_close(w, ']');
}

static void lock_members(struct json_writer *w, const struct finding_lock *l)
{
	jw_text(w, "type", l->type);
	jw_text(w, "address", l->address);
	if (l->shared)
		jw_bool(w, "shared", 1);
}

static void access_of(struct json_writer *w, const struct finding *f, const struct finding_access *a, const char *role,
		      const struct format_options *o)
{
	const struct finding_thread *t = finding_thread_of(f, a);

	jw_open(w, NULL, '{');
	jw_text(w, "role", role);
	jw_text(w, "access", a->write ? "write" : "read");
	jw_text(w, "operation", a->operation);
	jw_number(w, "thread", t ? t->number : -1);
	jw_number(w, "locks_held", a->held);
	jw_open(w, "locks", '[');
	for (int i = 0; i < a->nlocks; i++) {
		jw_open(w, NULL, '{');
		lock_members(w, &a->locks[i]);
		jw_close(w, '}');
	}
	jw_close(w, ']');
	if (a->key) {
		jw_open(w, "key", '{');
		jw_text(w, "type", a->key_type);
		jw_text(w, "text", a->key);
		if (a->key_cut)
			jw_bool(w, "cut", 1);
		jw_close(w, '}');
	}
	jw_number(w, "bucket", a->bucket);
	jw_text(w, "context", a->context);
	jw_number(w, "time_ns", a->time_ns);
	frames(w, "stack", &a->stack, o);
	jw_close(w, '}');
}

static void map_of(struct json_writer *w, const struct finding *f, const struct format_options *o)
{
	jw_open(w, "map", '{');
	jw_text(w, "kind", f->map_kind);
	jw_text(w, "address", f->map_address);
	jw_text(w, "label", f->map_label);
	jw_text(w, "location", f->location);
	jw_number(w, "entries", f->entries);
	jw_number(w, "buckets", f->buckets);
	if (f->resize_from >= 0) {
		jw_open(w, "resize", '{');
		jw_number(w, "from", f->resize_from);
		jw_number(w, "to", f->resize_to);
		jw_number(w, "entries", f->resize_entries);
		jw_close(w, '}');
	}
	if (f->created_by >= 0 && f->created_by < f->nthreads)
		jw_number(w, "created_by", f->threads[f->created_by].number);
	if (f->created.n)
		frames(w, "created", &f->created, o);
	jw_close(w, '}');
}

static void details(struct json_writer *w, const struct finding *f, const struct format_options *o)
{
	map_of(w, f, o);
	jw_open(w, "accesses", '[');
	access_of(w, f, &f->now, "current", o);
	if (f->has_before)
		access_of(w, f, &f->before, "previous", o);
	jw_close(w, ']');
	if (f->checked.n)
		frames(w, "checked", &f->checked, o);
	if (f->usual_lock.type) {
		jw_open(w, "usual_lock", '{');
		lock_members(w, &f->usual_lock);
		jw_number(w, "held", f->usual_held);
		jw_number(w, "of", f->usual_of);
		jw_text(w, "lacks", f->usual_lacks);
		jw_close(w, '}');
	}
	jw_open(w, "evidence", '[');
	for (int i = 0; i < f->nevidence; i++) {
		const struct finding_evidence *e = &f->evidence[i];

		jw_open(w, NULL, '{');
		jw_text(w, "kind", e->kind);
		jw_bool(w, "supports", e->supports);
		jw_number(w, "count", e->count);
		jw_text(w, "module", e->module);
		jw_hex(w, "at", e->at);
		jw_text(w, "text", e->text);
		jw_close(w, '}');
	}
	jw_close(w, ']');
	jw_open(w, "threads", '[');
	for (int i = 0; i < f->nthreads; i++) {
		const struct finding_thread *t = &f->threads[i];

		jw_open(w, NULL, '{');
		jw_number(w, "number", t->number);
		jw_text(w, "name", t->name);
		if (t->running >= 0)
			jw_bool(w, "running", t->running);
		jw_number(w, "parent", t->parent);
		if (t->created.n)
			frames(w, "created", &t->created, o);
		jw_close(w, '}');
	}
	jw_close(w, ']');
}

void jw_tags(struct json_writer *w, const char *key, const char *const *tags)
{
	char name[256];

	if (!tags)
		return;
	jw_open(w, key, '{');
	for (; *tags; tags++) {
		const char *value = strchr(*tags, '=');

		if (!value || (size_t)(value - *tags) >= sizeof(name))
			continue;
		memcpy(name, *tags, (size_t)(value - *tags));
		name[value - *tags] = 0;
		jw_text(w, name, value + 1);
	}
	jw_close(w, '}');
}

void jw_run(struct json_writer *w, const struct findings *set)
{
	jw_open(w, "run", '{');
	jw_text(w, "command", set->command);
	jw_number(w, "status", set->command_status);
	jw_text(w, "started", set->started);
	jw_text(w, "branch", set->branch);
	jw_text(w, "revision", set->revision);
	jw_text(w, "host", set->host);
	jw_text(w, "librace", set->version);
	jw_tags(w, "tags", set->tags);
	jw_close(w, '}');
}

static const char *lower(const char *name, char *to, size_t cap)
{
	size_t i;

	for (i = 0; name[i] && i < cap - 1; i++)
		to[i] = (char)tolower((unsigned char)name[i]);
	to[i] = 0;
	return to;
}

void jw_finding(struct json_writer *w, const struct findings *set, const struct group *g, const struct finding *f,
		  const struct format_options *o, int with_run)
{
	const struct process *p = g->process < set->nprocesses ? &set->processes[g->process] : NULL;
	const struct finding_frame *top = finding_user_frame(&f->now.stack);
	char headline[600], kind[40];

	finding_headline(f, headline, sizeof(headline));
	jw_open(w, NULL, '{');
	jw_text(w, "type", "finding");
	jw_number(w, "schema", RECORD_SCHEMA);
	jw_text(w, "fingerprint", f->fingerprint);
	jw_text(w, "headline", headline);
	jw_text(w, "kind", lower(finding_kind_name(f->kind), kind, sizeof(kind)));
	jw_text(w, "class", g->class ? finding_class_name(g->class) : NULL);
	jw_bool(w, "counts", g->counts);
	jw_number(w, "seen", g->seen);
	jw_number(w, "processes", g->processes);
	jw_text(w, "first", g->first);
	jw_text(w, "last", g->last);
	jw_text(w, "severity", f->severity);
	jw_number(w, "confidence", f->confidence);
	jw_text(w, "cause", f->cause);
	jw_text(w, "cause_text", f->cause_text);
	jw_text(w, "verdict", f->verdict);
	jw_text(w, "compound", f->compound);
	jw_text(w, "program", f->program ? f->program : g->program);
	jw_number(w, "pid", f->pid);
	jw_number(w, "sequence", f->sequence);
	jw_text(w, "time", f->time ? f->time : set->started);
	jw_number(w, "gap_ns", f->gap_ns);
	jw_text(w, "function", top ? top->function : NULL);
	jw_text(w, "file", top && top->file ? format_path(o, top->file) : NULL);
	jw_number(w, "line", top ? top->line : -1);
	jw_text(w, "host", p && p->host ? p->host : set->host);
	jw_text(w, "source", set->sources[g->source]);
	if (with_run) {
		jw_text(w, "librace", p && p->version ? p->version : set->version);
		jw_text(w, "command", set->command);
		jw_text(w, "branch", set->branch);
		jw_text(w, "revision", set->revision);
	}
	details(w, f, o);
	jw_tags(w, "tags", f->tags ? f->tags : p && p->tags ? p->tags : set->tags);
	jw_text(w, "text", f->text);
	jw_close(w, '}');
}
