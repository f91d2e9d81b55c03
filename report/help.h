/* SPDX-License-Identifier: MIT */
/*
 * help.h - the table of verbs, as main and help see it.
 */
#ifndef RACE_REPORT_HELP_H
#define RACE_REPORT_HELP_H

struct verb {
	const char *name, *arguments, *summary, *text;
	int (*run)(int argc, char **argv);
};

const struct verb *verb_find(const char *name); /* NULL: there is none */
/* One line on standard error, with the nearest verb. Returns 2. */
int verb_unknown(const char *name);

#endif
