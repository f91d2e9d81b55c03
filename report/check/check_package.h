/* SPDX-License-Identifier: MIT */
/*
 * check_package.h - which Debian package owns a file.
 */
#ifndef RACE_REPORT_CHECK_PACKAGE_H
#define RACE_REPORT_CHECK_PACKAGE_H

#include <stddef.h>

/* The package's name, "" when none has the file or this is no Debian. */
void check_package(const char *path, char *to, size_t cap);

#endif
