/* SPDX-License-Identifier: MIT */
/*
 * run_formats.c - `--format=FMT:FILE`: documents made right after the run.
 *
 * A file is replaced whole, when the new one is complete; what is no regular file (a pipe, a terminal) is written to. `-` is
 * standard error: standard output is the command's.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../format/format.h"
#include "../util/console.h"
#include "../util/output.h"
#include "run.h"

static const struct {
	const char *name;
	format_function *render;
} formats[] = {
#define FORMAT(name, function, meaning) { #name, function },
#include "../format/format.def"
#undef FORMAT
};

static int complain(const struct config_pair *f)
{
	return console_complain("run", "--format=%s:%s: %s; allowed is a file that can be written", f->key, f->value, strerror(errno));
}

int run_formats_check(const struct config *c)
{
	for (size_t i = 0; i < c->nformats; i++) {
		if (strcmp(c->formats[i].value, "-") != 0 && output_check(c->formats[i].value))
			return complain(&c->formats[i]);
	}
	return 0;
}

static int render(const struct config *c, const struct config_pair *f, struct findings *set, FILE *to)
{
	struct format_options o = { .source_root = c->top };
	char here[PATH_MAX];

	if (!o.source_root && getcwd(here, sizeof(here)))
		o.source_root = here;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!strcmp(formats[i].name, f->key))
			return formats[i].render(set, &o, to);
	}
	return 0;
}

static int write_one(const struct config *c, const struct config_pair *f, struct findings *set)
{
	struct output o;
	int status;

	if (!strcmp(f->value, "-")) {
		status = render(c, f, set, stderr);
		return fflush(stderr) || ferror(stderr) ? complain(f) : status;
	}
	if (output_open(&o, f->value))
		return complain(f);
	status = render(c, f, set, o.to);
	return output_close(&o, status == 0) ? complain(f) : status;
}

int run_formats_write(const struct config *c, struct findings *set)
{
	int status = 0;

	for (size_t i = 0; i < c->nformats; i++) {
		if (write_one(c, &c->formats[i], set))
			status = 2;
	}
	return status;
}
