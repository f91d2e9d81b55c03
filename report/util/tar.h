/* SPDX-License-Identifier: MIT */
/*
 * tar.h - writes a tar archive (ustar) of plain files.
 */
#ifndef RACE_REPORT_TAR_H
#define RACE_REPORT_TAR_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* 0, or -1: the name is too long (155 bytes of folders, 100 of name), or it cannot be written. */
int tar_add(FILE *to, const char *name, const void *bytes, size_t n, int64_t time);
int tar_add_file(FILE *to, const char *name, const char *path);
int tar_end(FILE *to);

#endif
