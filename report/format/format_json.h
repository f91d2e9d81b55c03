/* SPDX-License-Identifier: MIT */
/*
 * format_json.h - one finding as JSON: what the formats json and jsonl share (docs/schema/finding.schema.json has its members).
 */
#ifndef RACE_REPORT_FORMAT_JSON_H
#define RACE_REPORT_FORMAT_JSON_H

#include "format.h"
#include "../util/json_write.h"

void jw_finding(struct json_writer *w, const struct findings *set, const struct group *g, const struct finding *f,
		  const struct format_options *o, int with_run);
void jw_tags(struct json_writer *w, const char *key, const char *const *tags);
void jw_run(struct json_writer *w, const struct findings *set);

#endif
