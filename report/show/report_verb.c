/* SPDX-License-Identifier: MIT */
/*
 * report_verb.c - `race report`: which formats, from where, to where.
 *
 * Owns      the table of formats (format.def) and the names of files that several formats are written to.
 * Invariant a file is there whole or not at all: it is written beside its place and renamed.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../preload/sys/fmt.h"
#include "../findings/findings_load.h"
#include "../format/format.h"
#include "../util/output.h"
#include "../verbs.h"

#define VERB_NAME "report"

static const struct format {
	const char *name, *meaning;
	format_function *run;
} formats[] = {
#define FORMAT(name, function, meaning) { #name, meaning, function },
#include "../format/format.def"
#undef FORMAT
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static const struct format *format_find(const char *name, size_t n)
{
	for (size_t i = 0; i < FORMATS; i++) {
		if (strlen(formats[i].name) == n && !memcmp(formats[i].name, name, n))
			return &formats[i];
	}
	return NULL;
}

static int unknown_format(const char *name, size_t n)
{
	char line[600];
	struct buf b = buf_on(line, sizeof(line));
	const char *near = NULL;
	unsigned best = 3;

	buf_str(&b, "race " VERB_NAME ": unknown format ");
	buf_quoted(&b, name, n < 40 ? n : 40);
	for (size_t i = 0; i < FORMATS; i++) {
		unsigned d = edit_distance(name, n, formats[i].name, strlen(formats[i].name));

		if (d < best) {
			best = d;
			near = formats[i].name;
		}
	}
	if (near)
		buf_fmt(&b, ", did you mean %s?", near);
	buf_str(&b, "; there are:");
	for (size_t i = 0; i < FORMATS; i++)
		buf_fmt(&b, " %s", formats[i].name);
	fprintf(stderr, "%s\n", line);
	return 2;
}

/* ---- the command line --------------------------------------------------------------------------------------------- */

struct asked {
	const struct format *format[FORMATS];
	size_t nformats;
	struct format_options options;
	const char *output;
	int n;
	char **names;
};

static int add_formats(struct asked *a, const char *list)
{
	while (1) {
		size_t n = strcspn(list, ",");
		const struct format *f = format_find(list, n);
		size_t i = 0;

		if (!f)
			return unknown_format(list, n);
		while (i < a->nformats && a->format[i] != f)
			i++;
		if (i == a->nformats)
			a->format[a->nformats++] = f;
		if (!list[n])
			return 0;
		list += n + 1;
	}
}

/* "--name=VALUE", "--name VALUE", "-oVALUE"; 1 and *value, 0 not this one, 2 the value is missing. */
static int option(const char *name, int argc, char **argv, int *i, const char **value)
{
	const char *arg = argv[*i];
	size_t n = strlen(name);

	if (strncmp(arg, name, n))
		return 0;
	if (arg[n] == '=' && name[1] == '-')
		*value = arg + n + 1;
	else if (arg[n] && name[1] != '-')
		*value = arg + n;
	else if (arg[n])
		return 0;
	else if (*i + 1 < argc)
		*value = argv[++*i];
	else
		return 2;
	return 1;
}

static int complain(const char *about, const char *what)
{
	loader_complain(VERB_NAME, about, what);
	return 2;
}

static int parse(struct asked *a, int argc, char **argv)
{
	int kept = 0, only_names = 0;

	for (int i = 0; i < argc; i++) {
		const char *value;
		int found;

		if (only_names || argv[i][0] != '-' || !argv[i][1]) {
			argv[kept++] = argv[i];
		} else if (!strcmp(argv[i], "--")) {
			only_names = 1;
		} else if (!strcmp(argv[i], "--all")) {
			a->options.all = 1;
		} else if ((found = option("--format", argc, argv, &i, &value)) != 0) {
			if (found == 2)
				return complain("--format", " needs a name: --format=json; `race help report` lists them");
			if (add_formats(a, value) != 0)
				return 2;
		} else if ((found = option("--source-root", argc, argv, &i, &value)) != 0) {
			if (found == 2)
				return complain("--source-root", " needs a directory");
			a->options.source_root = value;
		} else if ((found = option("--output", argc, argv, &i, &value)) != 0 || (found = option("-o", argc, argv, &i, &value)) != 0) {
			if (found == 2 || !*value)
				return complain("-o", " needs a file, or a directory with a slash at its end");
			a->output = value;
		} else {
			return complain(argv[i], " is no option; `race help report` tells them");
		}
	}
	a->n = kept;
	a->names = argv;
	return 0;
}

/* ---- output ------------------------------------------------------------------------------------------------------- */

static int wants_colour(FILE *to)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(to)) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

static int write_failed(const char *path)
{
	char what[200];

	snprintf(what, sizeof(what), " cannot be written: %m");
	return complain(path, what);
}

static int write_file(const struct asked *a, struct findings *set, const struct format *f, const char *path)
{
	struct output o;
	int status;

	if (output_open(&o, path))
		return write_failed(path);
	status = f->run(set, &a->options, o.to);
	return output_close(&o, status == 0) ? write_failed(path) : status;
}

static const char *file_name(const struct format *f)
{
	static const struct {
		const char *format, *name;
	} special[] = {
		{ "text", "race-report.txt" }, { "junit", "race-report.xml" }, { "gitlab", "race-report.gitlab.json" },
		{ "github", "race-report.github.txt" },
	};
	static char name[64];

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (!strcmp(special[i].format, f->name))
			return special[i].name;
	}
	snprintf(name, sizeof(name), "race-report.%s", f->name);
	return name;
}

static int write_directory(struct asked *a, struct findings *set)
{
	size_t n = strlen(a->output);

	if (mkdir(a->output, 0777) != 0 && errno != EEXIST)
		return write_failed(a->output);
	if (!a->nformats)
		add_formats(a, "json,html,sarif,junit");
	for (size_t i = 0; i < a->nformats; i++) {
		char *path;
		int status;

		if (asprintf(&path, "%s%s%s", a->output, a->output[n - 1] == '/' ? "" : "/", file_name(a->format[i])) < 0)
			return 2;
		status = write_file(a, set, a->format[i], path);
		free(path);
		if (status)
			return status;
	}
	return 0;
}

static int is_directory(const char *path)
{
	struct stat st;

	return path[strlen(path) - 1] == '/' || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

int report_main(int argc, char **argv)
{
	struct asked a = { .nformats = 0 };
	struct findings set;
	int status = parse(&a, argc, argv), directory;

	if (status)
		return status;
	directory = a.output && is_directory(a.output);
	if (a.nformats > 1 && !directory)
		return complain("several formats", " need a directory to be written to: -o DIR/");
	status = findings_load(&set, VERB_NAME, a.n, a.names);
	if (status)
		return status;
	if (!a.nformats && !directory)
		add_formats(&a, "text");
	if (directory) {
		status = write_directory(&a, &set);
	} else if (a.output) {
		status = write_file(&a, &set, a.format[0], a.output);
	} else {
		a.options.colour = wants_colour(stdout);
		status = a.format[0]->run(&set, &a.options, stdout);
	}
	findings_free(&set);
	return status;
}
