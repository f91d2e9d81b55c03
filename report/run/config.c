/* SPDX-License-Identifier: MIT */
/*
 * config.c - settings and where they come from.
 *
 * Invariant a setting is replaced by one of the same rank or a higher one only, so that the order in which the sources are read does
 *           not matter. A value is checked where it comes in, and told with its place: nothing wrong becomes a default.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"
#include "../util/console.h"
#include "../format/format.h"
#include "../util/room.h"

enum setting_type { NUMBER, SWITCH, REQUIRED, TEXT, PATH };
static const struct {
	const char *name;
	enum setting_type type;
	int in_branch;
	const char *standard, *meaning;
} settings[SETTINGS] = {
#define SETTING(id, name, type, in_branch, standard, meaning) { name, type, in_branch, standard, meaning },
#include "config.def"
#undef SETTING
};

static const char *const format_names[] = {
#define FORMAT(name, function, meaning) #name,
#include "../format/format.def"
#undef FORMAT
	NULL
};

const char *config_setting_name(enum setting_id id)
{
	return settings[id].name;
}

int config_setting_in_branch(enum setting_id id)
{
	return settings[id].in_branch;
}

int config_setting_is_file(enum setting_id id)
{
	return settings[id].type == PATH;
}

const char *config_setting_meaning(enum setting_id id)
{
	return settings[id].meaning;
}

/* ---- memory ----------------------------------------------------------------------------------------------------------- */

const char *config_keep(struct config *c, const char *format, ...)
{
	char *text;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		room_none();
	va_end(ap);
	c->kept = room_again(c->kept, c->nkept + 1, sizeof(*c->kept));
	c->kept[c->nkept++] = text;
	return text;
}

void config_begin(struct config *c, const char *verb)
{
	memset(c, 0, sizeof(*c));
	c->verb = verb;
	for (int i = 0; i < SETTINGS; i++)
		config_set(c, (enum setting_id)i, RANK_DEFAULT, settings[i].standard, "default");
}

void config_free(struct config *c)
{
	for (size_t i = 0; i < c->nkept; i++)
		free(c->kept[i]);
	free(c->kept);
	free(c->tags);
	free(c->formats);
	memset(c, 0, sizeof(*c));
}

/* ---- values ----------------------------------------------------------------------------------------------------------- */

#define THRESHOLD_MAX 1000000

static int switch_value(const char *text)
{
	static const char *const words[] = { "false", "no", "off", "0", "true", "yes", "on", "1" };

	for (int i = 0; i < 8; i++) {
		if (!strcasecmp(text, words[i]))
			return i >= 4;
	}
	return -1;
}

const char *config_value_wrong(enum setting_id id, const char *text)
{
	uint64_t number;

	switch (settings[id].type) {
	case NUMBER:
		return parse_u64(text, strlen(text), 0, THRESHOLD_MAX, &number) ? NULL : "a number from 0 to 1000000";
	case SWITCH:
		return switch_value(text) >= 0 ? NULL : "true or false";
	case REQUIRED:
		return *text ? NULL : "true, false, or a glob for the names of programs";
	case PATH:
		return *text ? NULL : "the path of a file";
	case TEXT:
		return NULL;
	}
	return NULL;
}

void config_set(struct config *c, enum setting_id id, enum setting_rank rank, const char *text, const char *from)
{
	struct setting *s = &c->set[id];

	if (s->text && s->rank > rank)
		return;
	*s = (struct setting){ text, from, rank };
}

/* Parts of RACE_OPTIONS: no comma separates them there, and no quote may end the value. */
int config_tag(struct config *c, const char *place, const char *key, const char *value, enum setting_rank rank, const char *from)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/";
	size_t i;

	if (!*key || key[strspn(key, letters)]) {
		console_complain(c->verb, "%stag \"%s\": a key consists of letters, digits and _ . - /, as in build=17", place, key);
		return -1;
	}
	for (const char *p = value; *p; p++) {
		if (strchr(",\"'", *p) || (unsigned char)*p < ' ' || *p == 127) {
			console_complain(c->verb, "%stag \"%s\": its value may not hold commas, quotes or control characters", place, key);
			return -1;
		}
	}
	for (i = 0; i < c->ntags && strcmp(c->tags[i].key, key) != 0; i++)
		;
	if (i == c->ntags)
		c->tags = room_again(c->tags, ++c->ntags, sizeof(*c->tags));
	else if (c->tags[i].rank > rank)
		return 0;
	c->tags[i] = (struct config_pair){ config_keep(c, "%s", key), config_keep(c, "%s", value), from, rank };
	return 0;
}

int config_format(struct config *c, const char *place, const char *name, const char *file, const char *from)
{
	size_t i;

	for (i = 0; format_names[i] && strcmp(format_names[i], name) != 0; i++)
		;
	if (!format_names[i]) {
		char allowed[200] = "";

		for (i = 0; format_names[i]; i++)
			snprintf(allowed + strlen(allowed), sizeof(allowed) - strlen(allowed), "%s%s", i ? ", " : "", format_names[i]);
		console_complain(c->verb, "%sunknown format \"%s\"%s; allowed are %s", place, name,
				 console_did_you_mean(name, format_names), allowed);
		return -1;
	}
	if (!*file) {
		console_complain(c->verb, "%sformat %s wants a file: %s:FILE, or %s:- for standard error", place, name, name, name);
		return -1;
	}
	c->formats = room_again(c->formats, ++c->nformats, sizeof(*c->formats));
	c->formats[c->nformats - 1] = (struct config_pair){ format_names[i], config_keep(c, "%s", file), from, RANK_DEFAULT };
	return 0;
}

/* ---- command line ------------------------------------------------------------------------------------------------------ */

static int take(struct config *c, enum setting_id id, const char *option, const char *value)
{
	const char *allowed = config_value_wrong(id, value);

	if (allowed) {
		console_complain(c->verb, "%s \"%s\": allowed is %s", option, value, allowed);
		return -1;
	}
	config_set(c, id, RANK_COMMAND_LINE, config_keep(c, "%s", value), "command line");
	return 1;
}

static int take_tag(struct config *c, const char *value)
{
	const char *equals = strchr(value, '=');

	if (!equals) {
		console_complain(c->verb, "--tag \"%s\": allowed is KEY=VALUE", value);
		return -1;
	}
	return config_tag(c, "--tag: ", config_keep(c, "%.*s", (int)(equals - value), value), equals + 1, RANK_COMMAND_LINE,
			  "command line") ? -1 : 1;
}

static int take_format(struct config *c, const char *value)
{
	const char *colon = strchr(value, ':');

	return config_format(c, "--format: ", config_keep(c, "%.*s", (int)strcspn(value, ":"), value), colon ? colon + 1 : "-",
			     "command line") ? -1 : 1;
}

int config_option(struct config *c, int option, const char *value)
{
	switch (option) {
	case OPTION_THRESHOLD:
		return take(c, SETTING_THRESHOLD, "--threshold", value);
	case OPTION_WARN_ONLY:
		return take(c, SETTING_WARN_ONLY, "--warn-only", value ? value : "true");
	case OPTION_REQUIRE:
		return take(c, SETTING_REQUIRE, "--require", value ? value : "true");
	case OPTION_BASELINE:
		return take(c, SETTING_BASELINE, "--baseline", value);
	case 'o':
		return take(c, SETTING_OUTPUT, "-o", value);
	case OPTION_BRANCH:
		c->named_branch = config_keep(c, "%s", value);
		return 1;
	case OPTION_CONFIG:
		c->named_file = config_keep(c, "%s", value);
		return 1;
	case OPTION_TAG:
		return take_tag(c, value);
	case OPTION_FORMAT:
		return take_format(c, value);
	}
	return 0;
}

/* ---- environment and file ---------------------------------------------------------------------------------------------- */

static int take_environment(struct config *c)
{
	const char *name = "RACE_FAILURE_THRESHOLD", *value = getenv(name), *allowed;

	if (!value || !*value)
		return 0;
	allowed = config_value_wrong(SETTING_THRESHOLD, value);
	if (allowed)
		return console_complain(c->verb, "%s=\"%s\": allowed is %s", name, value, allowed);
	config_set(c, SETTING_THRESHOLD, RANK_ENVIRONMENT, config_keep(c, "%s", value), name);
	return 0;
}

/* A file that nobody named may decide which commands run (on_report), so one that a stranger put into a directory above ours is
 * not read. In a container the whole checkout often belongs to another user: then it is of one owner with the directory. */
static int file_is_trusted(struct config *c, const char *here)
{
	struct stat file, directory;

	if (stat(c->file, &file) || stat(here, &directory))
		return console_complain(c->verb, "%s: %s; `--config FILE` names another, `--config ''` none", c->file, strerror(errno));
	if (file.st_uid == geteuid() || file.st_uid == 0 || (file.st_uid == directory.st_uid && geteuid() == 0))
		return 0;
	return console_complain(c->verb, "%s belongs to another user: name it by `--config` if it is to be trusted, `--config ''` for none",
				c->file);
}

static int file_find(struct config *c)
{
	char here[PATH_MAX], at[PATH_MAX + 16];
	const char *named = c->named_file ? c->named_file : getenv("RACE_CONFIG");
	size_t n;

	if (named) {
		c->file = *named ? config_keep(c, "%s", named) : NULL;
		c->file_from = c->named_file ? "command line" : "RACE_CONFIG";
		return 0;
	}
	if (!getcwd(here, sizeof(here)))
		return 0;
	for (n = strlen(here);;) {
		struct stat st;

		snprintf(at, sizeof(at), "%.*s/.librace", (int)(n > 1 ? n : 0), here);
		if (lstat(at, &st) == 0 && (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode))) {
			c->file = config_keep(c, "%s", at);
			c->file_from = "found";
			return file_is_trusted(c, here);
		}
		snprintf(at, sizeof(at), "%.*s/.git", (int)(n > 1 ? n : 0), here);
		if (n <= 1 || access(at, F_OK) == 0)
			return 0;
		while (n > 1 && here[n - 1] != '/')
			n--;
		if (n > 1)
			n--;
	}
}

int config_load(struct config *c)
{
	uint64_t number = 0;
	const char *require;
	int require_switch;

	branch_find(c);
	if (c->named_branch) {
		c->branch = c->named_branch;
		c->branch_from = "command line";
	}
	if (take_environment(c) || config_tags_of_options(c) || file_find(c) || (c->file && config_file_read(c)))
		return 2;
	parse_u64(c->set[SETTING_THRESHOLD].text, strlen(c->set[SETTING_THRESHOLD].text), 0, THRESHOLD_MAX, &number);
	c->threshold = (int64_t)number;
	c->warn_only = switch_value(c->set[SETTING_WARN_ONLY].text) == 1;
	require = c->set[SETTING_REQUIRE].text;
	require_switch = switch_value(require);
	c->require = require_switch == 0 ? NULL : require_switch == 1 ? "" : require;
	c->baseline = *c->set[SETTING_BASELINE].text ? c->set[SETTING_BASELINE].text : NULL;
	return 0;
}
