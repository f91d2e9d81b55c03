/* SPDX-License-Identifier: MIT */
/*
 * info_json.c - the result of `race info` for programs. The schema is in docs/race-verbs.md; a change of meaning raises its
 * version, new members do not.
 */
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "../../preload/sys/fmt.h"
#include "info.h"

#define INFO_VERSION 1

static json_t *text(const char *s)
{
	char clean[4 * PATH_MAX];
	struct buf b = buf_on(clean, sizeof(clean));
	json_t *j = json_string(s);

	if (j)
		return j;
	buf_clean(&b, s);
	j = json_string(clean);
	return j ? j : json_null();
}

static json_t *library(const struct info_family *f)
{
	json_t *missing = json_array();
	char version[256];

	if (!f->library || !f->installed) {
		json_decref(missing);
		return f->library ? json_pack("{s:s, s:n}", "name", f->library, "path") : json_null();
	}
	for (size_t i = info_table.nhooks; i-- > 0;) {
		if (info_has_function(f, &info_table.hook[i]) && !info_is_there(f, &info_table.hook[i]))
			json_array_append_new(missing, text(info_table.hook[i].name));
	}
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", f->library, "path", text(f->installed->path), "soname",
			 text(f->installed->name), "version", text(info_version_of(f->installed, version, sizeof(version))),
			 "missing", missing);
}

static json_t *effect(const struct check_effect *e)
{
	return json_pack("{s:s, s:s}", "role", check_role_text(e->role), "access", check_access_text(e->access));
}

static json_t *functions(const struct info_family *f)
{
	json_t *all = json_array();

	for (size_t i = info_table.nhooks; i-- > 0;) {
		const struct check_hook *h = &info_table.hook[i];
		json_t *effects;

		if (!info_has_function(f, h))
			continue;
		effects = json_array();
		for (size_t k = 0; k < h->neffects; k++) {
			if (!strcmp(h->effect[k].kind, f->name))
				json_array_append_new(effects, effect(&h->effect[k]));
		}
		json_array_append_new(all, json_pack("{s:o, s:o}", "name", text(h->name), "effects", effects));
	}
	return all;
}

static json_t *members(const struct info_family *f)
{
	json_t *all = json_array();

	for (size_t i = 0; i < info_table.nmembers; i++) {
		const struct check_member *m = &info_table.member[i];

		if (!strcmp(m->effect.kind, f->name))
			json_array_append_new(all, json_pack("{s:o, s:[o]}", "name", text(m->name), "effects",
							     effect(&m->effect)));
	}
	return all;
}

static json_t *layouts(const struct info_family *f)
{
	json_t *all = json_array();

	for (size_t i = info_table.nlayouts; i-- > 0;) {
		const struct check_layout *l = &info_table.layout[i];
		json_t *fields;

		if (strcmp(l->kind, f->name))
			continue;
		fields = json_array();
		for (size_t k = 0; k < l->nfields; k++)
			json_array_append_new(fields, json_pack("{s:s, s:i, s:i, s:s}", "name", l->field[k].name, "offset",
								(int)l->field[k].offset, "bytes",
								(int)l->field[k].bytes, "use", l->field[k].use));
		json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:o}", "type", l->type, "versions", l->versions,
						     "check", l->check, "fields", fields));
	}
	return all;
}

int info_json(const struct info_family *only)
{
	json_t *all = json_array(), *j;

	for (size_t i = 0; i < info_nfamilies; i++) {
		const struct info_family *f = &info_family[i];

		if (only && f != only)
			continue;
		json_array_append_new(
			all, json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "name", f->name, "map", f->is_map, "contract",
				       f->is_map ? json_string(check_contract_text(f->contract)) : json_null(),
				       "library", library(f), "functions", functions(f), "members", members(f),
				       "layouts", layouts(f)));
	}
	j = json_pack("{s:s, s:i, s:s, s:o, s:o}", "schema", "librace-info", "version", INFO_VERSION, "librace_version",
		      RACE_VERSION, "librace", text(info_table.path), "families", all);
	if (!j || json_dumpf(j, stdout, JSON_INDENT(1)) != 0) {
		fputs("race: info: no memory\n", stderr);
		return 2;
	}
	putchar('\n');
	json_decref(j);
	return 0;
}
