/* SPDX-License-Identifier: MIT */
/*
 * info.h - `race info`: the families that librace.so knows, and what it reads of their libraries' structs.
 */
#ifndef RACE_REPORT_INFO_H
#define RACE_REPORT_INFO_H

#include "check.h"

#define INFO_FAMILIES 256

struct info_family {
	const char *name;
	int is_map;
	uint8_t contract;
	const char *library; /* SONAME or glob; NULL: several, or none */
	struct check_module *installed; /* NULL: not installed, or cannot be read */
};

/* Filled before anything is printed. */
extern struct check_table info_table;
extern struct info_family info_family[INFO_FAMILIES];
extern size_t info_nfamilies;

/* The function is of that family; the installed library has it. */
int info_has_function(const struct info_family *f, const struct check_hook *h);
int info_is_there(const struct info_family *f, const struct check_hook *h);
const char *info_version_of(const struct check_module *m, char *to, size_t cap);

/* only: NULL for all families. The verb's status. */
int info_json(const struct info_family *only);

/* The verb: status 0, or 2 for wrong usage, an unknown family, or a librace.so that is not there. */
int info_main(int argc, char **argv);

#endif
