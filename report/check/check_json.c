/* SPDX-License-Identifier: MIT */
/*
 * check_json.c - the result of `race check` for programs. The schema is in docs/race-check.md; a change of meaning raises
 * its version, new members do not.
 */
#include "check.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "../../preload/sys/fmt.h"

#define CHECK_VERSION 1

/* JSON is UTF-8; paths need not be. Bytes that are no text become \xNN. */
static json_t *text(const char *s)
{
	char clean[4096 * 4];
	struct buf b = buf_on(clean, sizeof(clean));
	json_t *j;

	if (!s)
		return json_null();
	j = json_string(s);
	if (j)
		return j;
	buf_clean(&b, s);
	j = json_string(clean);
	return j ? j : json_null();
}

static json_t *modules(const struct check_result *r)
{
	static const char *const roles[] = {"program", "library", "libc", "loader"};
	json_t *all = json_array();

	for (size_t i = 0; i < r->nmodules; i++) {
		const struct check_module *m = r->module[i];
		json_t *j = json_pack("{s:o, s:o, s:o, s:s, s:s, s:i, s:b, s:b}", "path", text(m->path), "name",
				      text(m->name), "soname", text(m->elf.soname), "role", roles[m->role], "machine",
				      m->missing ? "unknown" : check_machine(m->machine), "bits",
				      m->missing                   ? 0
				      : m->elf_class == ELFCLASS64 ? 64
								   : 32,
				      "found", !m->missing, "read", m->readable);
		char id[160];
		struct buf b = buf_on(id, sizeof(id));

		if (m->readable) {
			for (size_t k = 0; k < m->elf.nbuild_id; k++)
				buf_fmt(&b, "%s%x", m->elf.build_id[k] < 16 ? "0" : "", m->elf.build_id[k]);
			json_object_set_new(j, "build_id", id[0] ? json_string(id) : json_null());
			json_object_set_new(j, "symbols", json_string(check_symbols_text(m->symbols)));
			json_object_set_new(j, "debug_info", json_string(check_symbols_text(m->debug_info)));
			json_object_set_new(j, "exported_functions", json_integer((json_int_t)m->nexports));
			json_object_set_new(j, "modelled", json_boolean(check_is_modelled(r, m)));
			json_object_set_new(j, "atomics",
					    json_pack("{s:i, s:i, s:i, s:i, s:i, s:I}", "locked", m->atomics.locked, "xchg",
						      m->atomics.exchanges, "fences", m->atomics.fences, "pauses",
						      m->atomics.pauses, "waits", m->atomics.waits, "code_bytes",
						      (json_int_t)m->atomics.bytes));
		}
		json_array_append_new(all, j);
	}
	return all;
}

static json_t *function(const struct check_function *f)
{
	json_t *j = json_pack("{s:o, s:s, s:o, s:o}", "name", text(f->hook->name), "seen", check_seen_text(f), "in",
			      f->in ? text(f->in->name) : json_null(), "why_not_patched", text(f->why));
	json_t *effects = json_array();

	for (size_t i = 0; i < f->hook->neffects; i++)
		json_array_append_new(effects, json_pack("{s:s, s:s}", "role", check_role_text(f->hook->effect[i].role),
							 "access", check_access_text(f->hook->effect[i].access)));
	json_object_set_new(j, "effects", effects);
	return j;
}

static json_t *families(const struct check_result *r, int maps)
{
	static const char *const contracts[] = {"unsafe", "bucket-locked", "concurrent"};
	json_t *all = json_array();

	for (size_t i = 0; i < r->nfamilies; i++) {
		const struct check_family *f = &r->family[i];
		json_t *functions = json_array(), *users = json_array(), *j;

		if (f->is_map != maps)
			continue;
		for (size_t k = 0; k < f->n; k++)
			json_array_append_new(functions, function(&f->function[k]));
		for (size_t k = 0; k < r->nmodules; k++) {
			if (f->used_by[k])
				json_array_append_new(users, text(r->module[k]->name));
		}
		j = json_pack("{s:o, s:o, s:o}", "name", text(f->name), "used_by", users, "functions", functions);
		if (maps)
			json_object_set_new(j, "contract",
					    f->contract < 3 ? json_string(contracts[f->contract]) : json_null());
		json_array_append_new(all, j);
	}
	return all;
}

static json_t *hints(const struct check_result *r)
{
	json_t *all = json_array();

	for (size_t i = 0; i < r->nhints; i++) {
		const struct check_hint *h = &r->hint[i];

		json_array_append_new(all, json_pack("{s:s, s:o, s:o, s:o}", "id", h->id, "module",
						     h->module ? text(h->module->name) : json_null(), "text",
						     text(h->text), "todo", text(h->todo)));
	}
	return all;
}

int check_json(const struct check_result *r)
{
	json_t *j = json_pack("{s:s, s:i, s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "schema", "librace-check",
			      "version", CHECK_VERSION, "librace_version", RACE_VERSION, "librace",
			      text(r->table->path), "binary", text(r->module[0]->path), "preloads", r->loads, "modules",
			      modules(r), "maps", families(r, 1), "locks", families(r, 0), "hints", hints(r));
	int bad = !j || json_dumpf(j, stdout, JSON_INDENT(2)) != 0;

	puts("");
	json_decref(j);
	if (bad)
		fputs("race: check: the list cannot be written\n", stderr);
	return bad ? 2 : 0;
}
