/* SPDX-License-Identifier: MIT */
/*
 * log_builds.h - files by the build-id that a record tells.
 */
#ifndef RACE_REPORT_LOG_BUILDS_H
#define RACE_REPORT_LOG_BUILDS_H

struct log_build {
	char *name, *id, *path; /* path: NULL, or where the process had it */
};

/* What log_modules_expect said of the module; NULL. */
const struct log_build *log_build_expected(const char *name);
int log_build_is(const char *path, const char *id);
/* The file itself where the process had it, or `other` (NULL; is given back), or its debug file; NULL: none is of this build. */
char *log_build_find(const struct log_build *b, char *other);

#endif
