/* SPDX-License-Identifier: MIT */
/*
 * config.h - what `race run` and `race gate` are told, from wherever: command line, environment, configuration file, default.
 *
 * Order     command line, then environment, then the section of this branch in the file, then the file, then the default.
 * Owns      all texts of a struct config, until config_free.
 */
#ifndef RACE_REPORT_CONFIG_H
#define RACE_REPORT_CONFIG_H

#include <stddef.h>
#include <stdint.h>

enum setting_id {
#define SETTING(id, name, type, in_branch, standard, meaning) SETTING_##id,
#include "config.def"
#undef SETTING
	SETTINGS
};

enum setting_rank { RANK_DEFAULT, RANK_FILE, RANK_BRANCH, RANK_ENVIRONMENT, RANK_COMMAND_LINE };

struct setting {
	const char *text;  /* as it was written; files as absolute paths where the file said them */
	const char *from;  /* "command line", "RACE_FAILURE_THRESHOLD", "/src/.librace:3", "default" */
	enum setting_rank rank;
};

/* A tag, or a format and its file. */
struct config_pair {
	const char *key, *value, *from;
	enum setting_rank rank;
};

struct config {
	const char *verb;                      /* for complaints */
	struct setting set[SETTINGS];
	const char *branch, *branch_from;      /* NULL: not known */
	const char *revision, *revision_from;  /* NULL */
	const char *top;                       /* of the repository; NULL */
	const char *file, *file_from;          /* the configuration file; NULL: none */
	struct config_pair *tags, *formats;
	size_t ntags, nformats;
	/* what the texts of the settings mean */
	int64_t threshold;
	int warn_only;
	const char *require;                   /* NULL: no; "": any process; else a glob */
	const char *baseline;                  /* NULL: none */
	const char *named_file, *named_branch; /* --config, --branch */
	char **kept;
	size_t nkept;
};

void config_begin(struct config *c, const char *verb);
void config_free(struct config *c);

/* The options that the verbs share, as rows of a getopt_long table, and what takes them: 1 taken, 0 not one of these, -1 wrong
 * and told. */
enum {
	OPTION_CONFIG_FIRST = 1000,
	OPTION_THRESHOLD,
	OPTION_WARN_ONLY,
	OPTION_REQUIRE,
	OPTION_BASELINE,
	OPTION_BRANCH,
	OPTION_CONFIG,
	OPTION_TAG,
	OPTION_FORMAT,
	OPTION_CONFIG_LAST
};
#define CONFIG_GATE_OPTIONS                                      \
	{ "threshold", required_argument, NULL, OPTION_THRESHOLD },  \
	{ "warn-only", optional_argument, NULL, OPTION_WARN_ONLY },  \
	{ "require", optional_argument, NULL, OPTION_REQUIRE },      \
	{ "baseline", required_argument, NULL, OPTION_BASELINE },    \
	{ "branch", required_argument, NULL, OPTION_BRANCH },        \
	{ "config", required_argument, NULL, OPTION_CONFIG }
#define CONFIG_RUN_OPTIONS                                       \
	{ "output", required_argument, NULL, 'o' },                  \
	{ "tag", required_argument, NULL, OPTION_TAG },              \
	{ "format", required_argument, NULL, OPTION_FORMAT }
int config_option(struct config *c, int option, const char *value);

/* After the command line: environment, branch, file. 0, or 2 after one line. */
int config_load(struct config *c);

/* The RACE_OPTIONS of the children; `directory` is absolute. NULL after one line. The text is kept by c. */
const char *config_race_options(struct config *c, const char *directory);

/* For config_*.c and branch.c: */
/* The tags that RACE_OPTIONS of the environment sets. 0, or 2 after one line. */
int config_tags_of_options(struct config *c);
/* A text that lives as long as c. */
const char *config_keep(struct config *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* NULL, or what is allowed instead. */
const char *config_value_wrong(enum setting_id id, const char *text);
void config_set(struct config *c, enum setting_id id, enum setting_rank rank, const char *text, const char *from);
/* 0, or -1 after one line that begins with `place`. A tag replaces one of the same key that has no higher rank. */
int config_tag(struct config *c, const char *place, const char *key, const char *value, enum setting_rank rank, const char *from);
int config_format(struct config *c, const char *place, const char *name, const char *file, const char *from);
const char *config_setting_name(enum setting_id id);
int config_setting_in_branch(enum setting_id id);
int config_setting_is_file(enum setting_id id);
const char *config_setting_meaning(enum setting_id id);

/* Reads c->file. 0, or 2 after one line. */
int config_file_read(struct config *c);
/* Branch, revision and top of the repository, from the CI's variables, else from git's own files. */
void branch_find(struct config *c);

#endif
