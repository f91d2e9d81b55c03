/* SPDX-License-Identifier: MIT */
/*
 * config_file.c - the configuration file `.librace`: YAML of two levels, read by libyaml.
 *
 *	threshold: 0                       any setting of config.def
 *	tags: {suite: nightly}
 *	formats: {sarif: race.sarif}
 *	branches:
 *	  "release-*": {threshold: 5, warn-only: true}
 *
 * Invariant the whole file is checked, also sections of other branches: a mistake is not found on the day it matters. The first
 *           section whose glob fits is taken. Relative paths are relative to the file.
 * Refuses   what is not needed and would let a short file mean something long or hidden: anchors, aliases, tags of types,
 *           several documents, keys given twice.
 */
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "config.h"
#include "../util/console.h"
#include "../util/room.h"

#define FILE_MAX (1 << 20)
#define KEYS_MAX 256

struct reader {
	struct config *c;
	yaml_parser_t parser;
	yaml_event_t event;
	int have;            /* event holds something to be freed */
	char *directory;     /* of the file, with a slash; "" */
	int branch_taken;
};

/* What the keys of a mapping are. */
enum section { SECTION_TOP, SECTION_TAGS, SECTION_FORMATS, SECTION_BRANCHES, SECTION_BRANCH };

static int wrong(struct reader *r, size_t line, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int wrong(struct reader *r, size_t line, const char *format, ...)
{
	char what[800];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	return console_complain(r->c->verb, "%s:%zu: %s", r->c->file, line, what);
}

static size_t line_of(const struct reader *r)
{
	return r->event.start_mark.line + 1;
}

/* The next event lies in r->event. */
static int next(struct reader *r)
{
	if (r->have)
		yaml_event_delete(&r->event);
	r->have = 0;
	if (!yaml_parser_parse(&r->parser, &r->event))
		return wrong(r, (r->parser.problem_mark.line ? r->parser.problem_mark.line : r->parser.context_mark.line) + 1,
			     "this is no YAML: %s; allowed are lines `key: value`, quoted where they hold : # * or {",
			     r->parser.problem ? r->parser.problem : "it cannot be read");
	r->have = 1;
	if (r->event.type == YAML_ALIAS_EVENT || (r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.anchor) ||
	    (r->event.type == YAML_MAPPING_START_EVENT && r->event.data.mapping_start.anchor))
		return wrong(r, line_of(r), "anchors and aliases (& and *) are not allowed; quote a value that begins so");
	return 0;
}

/* The scalar as text kept by the configuration. NULL after one line. */
static const char *scalar(struct reader *r, const char *what)
{
	const char *text;
	size_t n;

	if (r->event.type != YAML_SCALAR_EVENT) {
		wrong(r, line_of(r), "%s: one value is allowed here, no list and no section", what);
		return NULL;
	}
	text = (const char *)r->event.data.scalar.value;
	n = r->event.data.scalar.length;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 127) {
			wrong(r, line_of(r), "%s: control characters and line breaks are not allowed", what);
			return NULL;
		}
	}
	return config_keep(r->c, "%s", text);
}

/* "threshold, warn-only, ..." */
static const char *allowed_keys(struct reader *r, enum section section, const char **names)
{
	size_t n = 0;
	const char *text = "";

	for (int i = 0; i < SETTINGS; i++) {
		if (section == SECTION_TOP || config_setting_in_branch((enum setting_id)i))
			names[n++] = config_setting_name((enum setting_id)i);
	}
	if (section == SECTION_TOP) {
		names[n++] = "tags";
		names[n++] = "formats";
		names[n++] = "branches";
	}
	names[n] = NULL;
	for (size_t i = 0; i < n; i++)
		text = config_keep(r->c, "%s%s%s", text, i ? ", " : "", names[i]);
	return text;
}

static int unknown_key(struct reader *r, size_t line, enum section section, const char *key)
{
	const char *names[SETTINGS + 4], *allowed = allowed_keys(r, section, names);

	return wrong(r, line, "unknown key \"%s\"%s%s; allowed are %s", key, section == SECTION_BRANCH ? " of a branch" : "",
		     console_did_you_mean(key, names), allowed);
}

static const char *file_path(struct reader *r, const char *text)
{
	return text[0] == '/' ? text : config_keep(r->c, "%s%s", r->directory, text);
}

static int read_setting(struct reader *r, size_t line, enum section section, const char *key, const char *branch, int applies)
{
	const char *value, *allowed;
	int i;

	for (i = 0; i < SETTINGS; i++) {
		if (!strcmp(key, config_setting_name((enum setting_id)i)) &&
		    (section == SECTION_TOP || config_setting_in_branch((enum setting_id)i)))
			break;
	}
	if (i == SETTINGS)
		return unknown_key(r, line, section, key);
	value = scalar(r, key);
	if (!value)
		return 2;
	allowed = config_value_wrong((enum setting_id)i, value);
	if (allowed)
		return wrong(r, line, "%s \"%s\": allowed is %s", key, value, allowed);
	if (!applies)
		return 0;
	if (config_setting_is_file((enum setting_id)i))
		value = file_path(r, value);
	config_set(r->c, (enum setting_id)i, branch ? RANK_BRANCH : RANK_FILE, value,
		   branch ? config_keep(r->c, "%s:%zu (branch \"%s\")", r->c->file, line, branch) :
			    config_keep(r->c, "%s:%zu", r->c->file, line));
	return 0;
}

static int read_mapping(struct reader *r, enum section section, const char *branch, int applies);

static int read_pair(struct reader *r, size_t line, enum section section, const char *key, const char *branch, int applies)
{
	const char *place = config_keep(r->c, "%s:%zu: ", r->c->file, line), *from = config_keep(r->c, "%s:%zu", r->c->file, line);
	const char *value;

	switch (section) {
	case SECTION_TOP:
		if (!strcmp(key, "tags"))
			return read_mapping(r, SECTION_TAGS, NULL, 1);
		if (!strcmp(key, "formats"))
			return read_mapping(r, SECTION_FORMATS, NULL, 1);
		if (!strcmp(key, "branches"))
			return read_mapping(r, SECTION_BRANCHES, NULL, 1);
		return read_setting(r, line, section, key, NULL, 1);
	case SECTION_BRANCH:
		return read_setting(r, line, section, key, branch, applies);
	case SECTION_TAGS:
		value = scalar(r, key);
		if (!value)
			return 2;
		return config_tag(r->c, place, key, value, RANK_FILE, from) ? 2 : 0;
	case SECTION_FORMATS:
		value = scalar(r, key);
		if (!value)
			return 2;
		if (*value && strcmp(value, "-") != 0)
			value = file_path(r, value);
		return config_format(r->c, place, key, value, from) ? 2 : 0;
	case SECTION_BRANCHES:
		applies = !r->branch_taken && r->c->branch && fnmatch(key, r->c->branch, 0) == 0;
		r->branch_taken |= applies;
		return read_mapping(r, SECTION_BRANCH, key, applies);
	}
	return 2;
}

/* The current event is the beginning of a mapping; afterwards it is its end. */
static int read_mapping(struct reader *r, enum section section, const char *branch, int applies)
{
	const char *keys[KEYS_MAX];
	size_t n = 0;

	if (r->event.type != YAML_MAPPING_START_EVENT)
		return wrong(r, line_of(r), "%s", section == SECTION_TOP ? "allowed are lines `key: value`" :
						  "a section is wanted here: lines `key: value`, further in than this one");
	for (;;) {
		const char *key;
		size_t line;

		if (next(r))
			return 2;
		if (r->event.type == YAML_MAPPING_END_EVENT)
			return 0;
		line = line_of(r);
		key = scalar(r, "key");
		if (!key)
			return 2;
		for (size_t i = 0; i < n; i++) {
			if (!strcmp(keys[i], key))
				return wrong(r, line, "\"%s\" is given twice; once is allowed", key);
		}
		if (n == KEYS_MAX)
			return wrong(r, line, "more than %d keys in one section", KEYS_MAX);
		keys[n++] = key;
		if (next(r) || read_pair(r, line, section, key, branch, applies))
			return 2;
	}
}

static int read_stream(struct reader *r)
{
	if (next(r) || next(r))
		return 2;
	if (r->event.type == YAML_STREAM_END_EVENT)
		return 0;
	if (next(r))
		return 2;
	/* a document of nothing but comments */
	if (r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.length == 0)
		return 0;
	if (read_mapping(r, SECTION_TOP, NULL, 1) || next(r) || next(r))
		return 2;
	if (r->event.type != YAML_STREAM_END_EVENT)
		return wrong(r, line_of(r), "a second document; one is allowed");
	return 0;
}

int config_file_read(struct config *c)
{
	struct reader r = { .c = c };
	FILE *f = fopen(c->file, "re");
	struct stat st;
	char real[PATH_MAX];
	int status;

	if (!f || fstat(fileno(f), &st)) {
		status = console_complain(c->verb, "%s: %s; `--config FILE` names another, `--config ''` none", c->file, strerror(errno));
		if (f)
			fclose(f);
		return status;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
		fclose(f);
		return console_complain(c->verb, "%s is no regular file of at most 1 MiB; `--config FILE` names another", c->file);
	}
	/* The name without its last part: a link to a file elsewhere counts where the link stands. */
	if (c->file[0] != '/' && getcwd(real, sizeof(real)))
		c->file = config_keep(c, "%s/%s", real, c->file);
	r.directory = room_copy(c->file);
	if (!yaml_parser_initialize(&r.parser))
		room_none();
	r.directory[strrchr(r.directory, '/') - r.directory + 1] = 0;
	yaml_parser_set_input_file(&r.parser, f);
	status = read_stream(&r);
	if (r.have)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	free(r.directory);
	fclose(f);
	return status;
}
