/* SPDX-License-Identifier: MIT */
/*
 * format_jsonl.c - a finding a line, each with what is known of its process and run: for stores that take lines as they come.
 */
#include "format_json.h"

int format_jsonl(struct findings *set, const struct format_options *o, FILE *to)
{
	struct json_writer w;

	for (size_t i = 0; i < set->ngroups; i++) {
		const struct finding *f;

		if (!set->groups[i].counts && !o->all)
			continue;
		f = findings_get(set, &set->groups[i]);
		if (f) {
			jw_begin(&w, to, 0);
			jw_finding(&w, set, &set->groups[i], f, o, 1);
			jw_end(&w);
		}
		findings_release(set);
	}
	return 0;
}
