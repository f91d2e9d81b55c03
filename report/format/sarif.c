/* SPDX-License-Identifier: MIT */
/*
 * sarif.c - locations, stacks, flows and rules of SARIF 2.1.0.
 *
 * A frame with a source file is an artifact with a line; one without is the module with an address in it. Both have the
 * function as a logical location.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sarif.h"
#include "../util/room.h"

json_t *sarif_made(char *s)
{
	json_t *j = json_string(s);

	free(s);
	return j ? j : json_string("");
}

json_t *sarif_text(const char *s)
{
	return sarif_made(tell_shown(s));
}

json_t *sarif_message(char *made)
{
	return json_pack("{s:o}", "text", sarif_made(made));
}

/* Everything but the unreserved characters of RFC 3986 and the slash. */
static void put_encoded(FILE *to, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~/", c))
			fputc(c, to);
		else
			fprintf(to, "%%%02X", c);
	}
}

json_t *sarif_artifact(const struct format_options *o, const char *file)
{
	const char *path = format_path(o, file);
	struct text t;
	FILE *to = text_begin(&t);
	json_t *j;

	/* two slashes at its beginning would name a host */
	while (path[0] == '/' && path[1] == '/')
		path++;
	if (path[0] == '/')
		fputs("file://", to);
	put_encoded(to, path);
	j = json_pack("{s:o}", "uri", sarif_made(text_end(&t)));
	if (path[0] != '/' && o->source_root)
		json_object_set_new(j, "uriBaseId", json_string("SRCROOT"));
	return j;
}

static json_t *physical(const struct format_options *o, const struct finding_frame *fr)
{
	struct text t;
	json_t *j;

	if (fr->file) {
		j = json_pack("{s:o}", "artifactLocation", sarif_artifact(o, fr->file));
		if (fr->line > 0)
			json_object_set_new(j, "region", json_pack("{s:i}", "startLine", fr->line));
		return j;
	}
	if (!fr->module)
		return NULL;
	/* not relative to the sources: a module has no place among them. It is a base name; whatever else a record says begins without slashes */
	put_encoded(text_begin(&t), fr->module[strspn(fr->module, "/")] ? fr->module + strspn(fr->module, "/") : "unknown");
	j = json_pack("{s:{s:o}}", "artifactLocation", "uri", sarif_made(text_end(&t)));
	if (fr->offset >= 0)
		json_object_set_new(j, "address", json_pack("{s:s, s:I}", "kind", "instruction", "relativeAddress", (json_int_t)fr->offset));
	return j;
}

json_t *sarif_location(const struct format_options *o, const struct finding_frame *fr, int id, char *message)
{
	json_t *j = json_object(), *where = fr ? physical(o, fr) : NULL;

	if (id >= 0)
		json_object_set_new(j, "id", json_integer(id));
	if (where)
		json_object_set_new(j, "physicalLocation", where);
	if (fr && fr->function)
		json_object_set_new(j, "logicalLocations", json_pack("[{s:o, s:s}]", "fullyQualifiedName", sarif_text(fr->function), "kind", "function"));
	if (message)
		json_object_set_new(j, "message", sarif_message(message));
	return j;
}

static char *frame_words(const struct format_options *o, const struct finding_frame *fr)
{
	struct text t;
	struct pen p = pen_plain(text_begin(&t));

	p.options = o;
	if (fr->function)
		pen_put(&p, "%s()", fr->function);
	else
		tell_place(&p, fr);
	return text_end(&t);
}

json_t *sarif_stack(const struct format_options *o, const struct finding *f, const struct finding_stack *s, char *message)
{
	json_t *frames = json_array();

	for (int i = 0; i < s->n; i++) {
		const struct finding_frame *fr = &s->frames[i];
		json_t *frame = json_pack("{s:o}", "location", sarif_location(o, fr, -1, frame_words(o, fr)));

		if (fr->module)
			json_object_set_new(frame, "module", sarif_text(fr->module));
		json_array_append_new(frames, frame);
	}
	return json_pack("{s:o, s:o}", "message", sarif_message(message), "frames", frames);
}

static char *access_words(const struct format_options *o, const struct finding *f, const struct finding_access *a)
{
	struct text t;
	struct pen p = pen_plain(text_begin(&t));

	p.options = o;
	if (a->operation)
		pen_put(&p, "%s(): ", a->operation);
	pen_say(&p, "%s of ", tell_access(a));
	tell_map(&p, f);
	if (a->key) {
		pen_say(&p, ", key ");
		tell_key(&p, a);
	}
	pen_say(&p, ", holding ");
	tell_locks(&p, a);
	return text_end(&t);
}

static json_t *kinds(const struct finding_frame *fr, int access)
{
	json_t *j = json_pack("[s, s]", access ? "memory" : "call", "function");

	if (fr->user)
		json_array_append_new(j, json_string("danger"));
	return j;
}

json_t *sarif_thread_flow(const struct format_options *o, const struct finding *f, const struct finding_access *a, int order)
{
	json_t *steps = json_array(), *flow;
	const struct finding_thread *t = finding_thread_of(f, a);
	struct text text;
	struct pen p;

	for (int i = a->stack.n - 1, level = 0; i >= 0; i--, level++) {
		const struct finding_frame *fr = &a->stack.frames[i];
		int access = i == 0;
		json_t *step = json_pack("{s:o, s:i, s:s, s:o}", "location",
					 sarif_location(o, fr, -1, access ? access_words(o, f, a) : frame_words(o, fr)), "nestingLevel", level,
					 "importance", access || fr->user ? "essential" : fr->system ? "unimportant" : "important", "kinds", kinds(fr, access));

		if (access)
			json_object_set_new(step, "executionOrder", json_integer(order));
		json_array_append_new(steps, step);
	}
	/* a flow has at least one step */
	if (a->stack.n == 0)
		json_array_append_new(steps, json_pack("{s:o, s:s, s:i}", "location", sarif_location(o, NULL, -1, access_words(o, f, a)),
						       "importance", "essential", "executionOrder", order));
	p = pen_plain(text_begin(&text));
	tell_thread(&p, t);
	flow = json_pack("{s:o, s:o}", "message", sarif_message(text_end(&text)), "locations", steps);
	if (t && t->number >= 0) {
		char id[32];

		snprintf(id, sizeof(id), "thread %d", t->number);
		json_object_set_new(flow, "id", json_string(id));
	}
	return flow;
}

static const struct {
	const char *name, *brief, *full, *help, *cwe;
} rules[] = {
	[FINDING_RACE] = { "DataRace", "Two threads used one map, one of them changed it, and nothing ordered them.",
		"Two threads used the same map, at least one of them changed it, and no lock, queue, join or other order came between them. A table that is looked "
		"into while it is changed can crash, loop for ever, or lose entries.",
		"Take one lock around every use of the map, reads too. The report names the lock that its other users hold, where there is one.", "external/cwe/cwe-362" },
	[FINDING_DEAD_MAP] = { "UseOfDeadMap", "An operation on a map that was destroyed, or that nobody ever created.",
		"A map was used after it had been destroyed. Its memory may belong to something else by now.",
		"End its users before the map is destroyed, or let each user hold a reference of its own.", "external/cwe/cwe-416" },
	[FINDING_STALE_ITERATOR] = { "StaleIterator", "An iterator was used after the map had changed behind it.",
		"Entries came or went between two steps of an iteration, so that the iterator stands on what is no more.",
		"Hold the lock over the whole walk, remove through the iterator, or collect the keys first and look each one up again.", "external/cwe/cwe-672" },
	[FINDING_CHECK_THEN_ACT] = { "CheckThenAct", "A look-up and what was done because of it were torn apart by another thread.",
		"A thread looked a key up, another one wrote that key, and the first acted on what it had found. Each call was locked; the two together were not.",
		"Take the lock once, around the look-up and the change; or look again after taking it.", "external/cwe/cwe-367" },
};

json_t *sarif_rules(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		json_t *tags = json_pack("[s, s, s]", "concurrency", "correctness", rules[i].cwe);
		char *markdown;

		if (asprintf(&markdown, "%s\n\n**Usual repair:** %s", rules[i].full, rules[i].help) < 0)
			markdown = room_copy(rules[i].full);
		json_array_append_new(list, json_pack("{s:s, s:s, s:{s:s}, s:{s:s}, s:{s:s, s:o}, s:{s:s}, s:{s:o, s:s, s:s}}",
			"id", tell_rule((enum finding_kind)i), "name", rules[i].name, "shortDescription", "text", rules[i].brief,
			"fullDescription", "text", rules[i].full, "help", "text", rules[i].help, "markdown", sarif_made(markdown),
			"defaultConfiguration", "level", i == FINDING_STALE_ITERATOR || i == FINDING_CHECK_THEN_ACT ? "warning" : "error",
			"properties", "tags", tags, "precision", "very-high", "problem.severity", "error"));
	}
	return list;
}
