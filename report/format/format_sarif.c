/* SPDX-License-Identifier: MIT */
/*
 * format_sarif.c - SARIF 2.1.0: one run, a rule for each kind of finding, a result for each group, both stacks as the two
 * threads of a code flow.
 *
 * Memory    results are written one by one; the document is never held as a whole.
 */
#include <stdlib.h>
#include <string.h>

#include "../findings/advice.h"
#include "sarif.h"

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

static void append_related(json_t *to, const struct format_options *o, const struct finding_stack *s, char *message)
{
	json_array_append_new(to, sarif_location(o, finding_user_frame(s), (int)json_array_size(to) + 1, message));
}

static json_t *related(const struct format_options *o, const struct finding *f)
{
	json_t *list = json_array();
	struct text t;
	struct pen p;

	if (f->has_before && f->before.stack.n > 0) {
		p = pen_plain(text_begin(&t));
		pen_say(&p, "Previous %s by ", tell_access(&f->before));
		tell_thread_of(&p, f, &f->before);
		append_related(list, o, &f->before.stack, text_end(&t));
	}
	if (f->checked.n > 0) {
		fputs("Looked up here, before the change", text_begin(&t));
		append_related(list, o, &f->checked, text_end(&t));
	}
	if (f->created.n > 0) {
		p = pen_plain(text_begin(&t));
		tell_map(&p, f);
		pen_say(&p, " created here");
		append_related(list, o, &f->created, text_end(&t));
	}
	for (int i = 0; i < f->nthreads; i++) {
		if (!tell_created(&f->threads[i]))
			continue;
		p = pen_plain(text_begin(&t));
		tell_thread(&p, &f->threads[i]);
		pen_say(&p, " created here");
		append_related(list, o, &f->threads[i].created, text_end(&t));
	}
	return list;
}

static char *words(const struct format_options *o, const struct finding *f)
{
	struct advice advice[ADVICE_MOST];
	struct text t;
	struct pen p = pen_plain(text_begin(&t));
	int n = advice_for(f, NULL, advice);

	p.options = o;
	tell_headline(&p, f);
	pen_say(&p, ". ");
	tell_thread_of(&p, f, &f->now);
	pen_say(&p, " held ");
	tell_locks(&p, &f->now);
	if (f->has_before) {
		pen_say(&p, ", ");
		tell_thread_of(&p, f, &f->before);
		pen_say(&p, " ");
		tell_locks(&p, &f->before);
	}
	pen_say(&p, ". ");
	if (f->cause) {
		pen_say(&p, "Cause: ");
		pen_put(&p, "%s", f->cause);
		pen_say(&p, ". ");
	}
	if (n > 0)
		pen_say(&p, "Repair: %s.", advice[0].title);
	return text_end(&t);
}

static json_t *stacks(const struct format_options *o, const struct finding *f)
{
	json_t *list = json_array();
	struct text t;
	struct pen p;

	p = pen_plain(text_begin(&t));
	pen_say(&p, "%s by ", f->now.write ? "Write" : "Read");
	tell_thread_of(&p, f, &f->now);
	json_array_append_new(list, sarif_stack(o, f, &f->now.stack, text_end(&t)));
	if (f->has_before) {
		p = pen_plain(text_begin(&t));
		pen_say(&p, "Previous %s by ", tell_access(&f->before));
		tell_thread_of(&p, f, &f->before);
		json_array_append_new(list, sarif_stack(o, f, &f->before.stack, text_end(&t)));
	}
	return list;
}

static json_t *flows(const struct format_options *o, const struct finding *f)
{
	json_t *threads = json_array();
	struct text t;
	struct pen p;

	if (f->has_before)
		json_array_append_new(threads, sarif_thread_flow(o, f, &f->before, 1));
	json_array_append_new(threads, sarif_thread_flow(o, f, &f->now, f->has_before ? 2 : 1));
	p = pen_plain(text_begin(&t));
	tell_headline(&p, f);
	return json_pack("[{s:o, s:o}]", "message", sarif_message(text_end(&t)), "threadFlows", threads);
}

static void set_text(json_t *to, const char *name, const char *value)
{
	if (value)
		json_object_set_new(to, name, sarif_text(value));
}

static json_t *properties(const struct finding *f, const struct group *g)
{
	json_t *j = json_object(), *tags = json_array();

	set_text(j, "class", f->kind == FINDING_RACE && f->class != CLASS_NONE ? finding_class_name(f->class) : NULL);
	set_text(j, "severity", f->severity);
	set_text(j, "cause", f->cause);
	set_text(j, "verdict", f->verdict);
	set_text(j, "program", f->program);
	set_text(j, "mapKind", f->map_kind);
	set_text(j, "mapLabel", f->map_label);
	set_text(j, "firstSeen", g->first);
	set_text(j, "lastSeen", g->last);
	if (f->gap_ns >= 0)
		json_object_set_new(j, "gapNanoseconds", json_integer(f->gap_ns));
	json_object_set_new(j, "processes", json_integer(g->processes));
	json_object_set_new(j, "counted", json_boolean(f->counts));
	for (size_t i = 0; f->tags && f->tags[i]; i++)
		json_array_append_new(tags, sarif_text(f->tags[i]));
	json_object_set_new(j, "tags", tags);
	return j;
}

/* Services refuse a result whose place has no file: then it is the program itself. */
static json_t *primary(const struct format_options *o, const struct finding *f)
{
	const struct finding_frame *user = finding_user_frame(&f->now.stack), *source = tell_source(f);
	struct finding_frame program = { .module = f->program ? f->program : "unknown", .line = -1, .offset = -1, .address = -1 };

	if (user && user->file)
		return sarif_location(o, user, -1, NULL);
	if (source)
		return sarif_location(o, source, -1, NULL);
	return sarif_location(o, user && user->module ? user : &program, -1, NULL);
}

static json_t *result(const struct format_options *o, const struct finding *f, const struct group *g)
{
	int warning = f->class == CLASS_POSSIBLE || !f->counts;
	json_t *j = json_pack("{s:s, s:i, s:s, s:s, s:o, s:[o], s:o, s:o, s:o, s:{s:s}, s:I, s:o}",
			      "ruleId", tell_rule(f->kind), "ruleIndex", (int)f->kind, "level", warning ? "warning" : "error", "kind", "fail",
			      "message", sarif_message(words(o, f)), "locations", primary(o, f), "relatedLocations", related(o, f),
			      "codeFlows", flows(o, f), "stacks", stacks(o, f), "partialFingerprints", "libraceFinding/v1", f->fingerprint,
			      "occurrenceCount", (json_int_t)(g->seen > 0 ? g->seen : 1), "properties", properties(f, g));

	if (j && f->confidence >= 0)
		json_object_set_new(j, "rank", json_real(f->confidence > 100 ? 100 : f->confidence));
	return j;
}

static json_t *invocation(const struct findings *set)
{
	json_t *j = json_pack("{s:b}", "executionSuccessful", set->command_status <= 0);

	set_text(j, "commandLine", set->command);
	set_text(j, "startTimeUtc", set->started);
	set_text(j, "machine", set->host);
	if (set->command_status >= 0)
		json_object_set_new(j, "exitCode", json_integer(set->command_status));
	if (set->bad > 0)
		json_object_set_new(j, "toolExecutionNotifications", json_pack("[{s:s, s:{s:s}}]", "level", "warning", "message", "text",
				    "Parts of the records could not be read; what was lost is not among these results."));
	return j;
}

/* "librace/" is the category that a service keeps apart from other tools; what follows tells the runs of it apart. */
static json_t *automation(const struct findings *set)
{
	struct text t;
	struct pen p = pen_plain(text_begin(&t));

	pen_say(&p, "librace/");
	if (set->started)
		pen_put(&p, "%s", set->started);
	return json_pack("{s:o}", "id", sarif_made(text_end(&t)));
}

static json_t *run_head(const struct findings *set, const struct format_options *o)
{
	const char *version = set->version ? set->version : RACE_VERSION;
	json_t *j = json_pack("{s:{s:{s:s, s:o, s:o, s:s, s:o}}, s:o, s:[o], s:s}", "tool", "driver", "name", "librace",
			      "version", sarif_text(version), "semanticVersion", sarif_text(version),
			      "fullName", "librace, data races on maps of programs as they are built", "rules", sarif_rules(),
			      "automationDetails", automation(set), "invocations", invocation(set), "columnKind", "utf16CodeUnits");
	json_t *extra = json_object();

	if (o->source_root) {
		struct format_options none = { NULL, 0, 0 };
		json_t *base = sarif_artifact(&none, o->source_root);
		const char *uri = json_string_value(json_object_get(base, "uri"));
		char *slash;

		if (uri[0] && uri[strlen(uri) - 1] != '/' && asprintf(&slash, "%s/", uri) > 0) {
			json_object_set_new(base, "uri", json_string(slash));
			free(slash);
		}
		json_object_set_new(j, "originalUriBaseIds", json_pack("{s:o}", "SRCROOT", base));
	}
	set_text(extra, "branch", set->branch);
	set_text(extra, "revision", set->revision);
	json_object_set_new(j, "properties", extra);
	return j;
}

/* The members of an object, without its braces. */
static void write_members(const json_t *j, FILE *to)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)j, name, value) {
		fprintf(to, "\"%s\": ", name);
		json_dumpf(value, to, JSON_INDENT(1) | JSON_ENCODE_ANY);
		fputs(",\n", to);
	}
}

int format_sarif(struct findings *set, const struct format_options *o, FILE *to)
{
	const struct group *g;
	json_t *head = run_head(set, o);
	size_t at = 0;
	int first = 1;

	fprintf(to, "{\n\"$schema\": \"%s\",\n\"version\": \"2.1.0\",\n\"runs\": [\n{\n", SCHEMA);
	write_members(head, to);
	json_decref(head);
	fputs("\"results\": [", to);
	while ((g = tell_next(set, o->all, &at))) {
		const struct finding *f = findings_get(set, g);
		json_t *j = f ? result(o, f, g) : NULL;

		if (j) {
			fputs(first ? "\n" : ",\n", to);
			json_dumpf(j, to, JSON_INDENT(1));
			first = 0;
		}
		json_decref(j);
		findings_release(set);
	}
	fputs("]\n}\n]\n}\n", to);
	return 0;
}
