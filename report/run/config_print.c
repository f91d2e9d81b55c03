/* SPDX-License-Identifier: MIT */
/*
 * config_print.c - `race config --print`: what is in force, and who said so.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "../util/console.h"
#include "../verbs.h"

static void row(const char *name, const char *value, const char *from)
{
	char *a = console_clean(name), *b = console_clean(value), *c = console_clean(from);

	printf("%-14s %-28s %s\n", a, *b ? b : "-", c);
	free(a);
	free(b);
	free(c);
}

static void print(struct config *c)
{
	const char *options, *directory = c->set[SETTING_OUTPUT].text;
	char here[PATH_MAX];

	row("setting", "value", "from");
	row("config", c->file ? c->file : "", c->file ? c->file_from : "no .librace here or above, up to the top of the repository");
	row("branch", c->branch ? c->branch : "", c->branch ? c->branch_from : "no variable of a CI service, and no branch of git");
	row("revision", c->revision ? c->revision : "", c->revision ? c->revision_from : "not known");
	for (int i = 0; i < SETTINGS; i++)
		row(config_setting_name((enum setting_id)i), c->set[i].text, c->set[i].from);
	for (size_t i = 0; i < c->ntags; i++)
		row("tag", config_keep(c, "%s=%s", c->tags[i].key, c->tags[i].value), c->tags[i].from);
	for (size_t i = 0; i < c->nformats; i++)
		row("format", config_keep(c, "%s:%s", c->formats[i].key, c->formats[i].value), c->formats[i].from);
	if (directory[0] != '/' && getcwd(here, sizeof(here)))
		directory = config_keep(c, "%s/%s", here, directory);
	options = config_race_options(c, directory);
	if (options) {
		char *clean = console_clean(options);

		printf("\nRACE_OPTIONS=%s\n", clean);
		free(clean);
	}
}

int config_main(int argc, char **argv)
{
	static const struct option table[] = {
		CONFIG_GATE_OPTIONS, CONFIG_RUN_OPTIONS, { "print", no_argument, NULL, 'p' }, { NULL, 0, NULL, 0 }
	};
	struct console_options o = { .verb = "config", .table = table };
	struct config c;
	int option, status;

	config_begin(&c, "config");
	console_options_begin(&o, argc, argv);
	while ((option = console_option(&o)) >= 0) {
		if (option != 'p' && config_option(&c, option, optarg) < 0)
			break;
	}
	status = option >= 0 ? 2 : console_options_status(option);
	if (option == CONSOLE_END && o.argc > 0)
		status = console_complain("config", "\"%s\" is one word too many; `race config --print` prints what is in force", o.argv[0]);
	else if (option == CONSOLE_END && (status = config_load(&c)) == 0)
		print(&c);
	free(o.copy);
	config_free(&c);
	return status;
}
