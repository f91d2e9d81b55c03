/* SPDX-License-Identifier: MIT */
/*
 * format_gitlab.c - GitLab's code quality report: an array of issues, with the members that GitLab documents and no others.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../findings/advice.h"
#include "sarif.h"

static const char *severity(const struct finding *f)
{
	if (!f->counts || f->class == CLASS_POSSIBLE)
		return "minor";
	if (f->kind == FINDING_DEAD_MAP || (f->kind == FINDING_RACE && f->class == CLASS_CERTAIN))
		return "critical";
	return "major";
}

static char *description(const struct format_options *o, const struct finding *f)
{
	struct advice advice[ADVICE_MOST];
	struct text t;
	struct pen p = pen_plain(text_begin(&t));
	int n = advice_for(f, NULL, advice);

	p.options = o;
	tell_headline(&p, f);
	if (f->has_before) {
		pen_say(&p, " (");
		tell_where(&p, &f->before.stack);
		pen_say(&p, ")");
	}
	if (f->cause) {
		pen_say(&p, "; ");
		pen_put(&p, "%s", f->cause);
	}
	if (n > 0)
		pen_say(&p, ". %s.", advice[0].title);
	return text_end(&t);
}

int format_gitlab(struct findings *set, const struct format_options *o, FILE *to)
{
	const struct group *g;
	size_t at = 0;
	int first = 1;

	fputs("[", to);
	while ((g = tell_next(set, o->all, &at))) {
		const struct finding *f = findings_get(set, g);
		const struct finding_frame *source = f ? tell_source(f) : NULL, *user = f ? finding_user_frame(&f->now.stack) : NULL;
		const char *path = source ? format_path(o, source->file) : user && user->module ? user->module : f && f->program ? f->program : "unknown";
		json_t *j;

		if (f) {
			struct text check;

			fprintf(text_begin(&check), "librace/%s", tell_rule(f->kind));
			j = json_pack("{s:o, s:o, s:s, s:s, s:{s:o, s:{s:i}}}", "description", sarif_made(description(o, f)),
				      "check_name", sarif_made(text_end(&check)), "fingerprint", f->fingerprint, "severity", severity(f),
				      "location", "path", sarif_text(path), "lines", "begin", source && source->line > 0 ? source->line : 1);
			fputs(first ? "\n" : ",\n", to);
			json_dumpf(j, to, JSON_INDENT(1));
			json_decref(j);
			first = 0;
		}
		findings_release(set);
	}
	fputs(first ? "]\n" : "\n]\n", to);
	return 0;
}
