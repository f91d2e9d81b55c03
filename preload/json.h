/* SPDX-License-Identifier: MIT */
/*
 * json.h - JSON into a fixed buffer: texts of the program's, whatever bytes they hold, and addresses.
 */
#ifndef RACE_PRELOAD_JSON_H
#define RACE_PRELOAD_JSON_H

#include "sys/fmt.h"

/* A string of n bytes at most, up to a NUL. What is no UTF-8 becomes U+FFFD; control characters are escaped. */
void json_text(struct buf *b, const char *s, size_t n);
void json_string(struct buf *b, const char *s);
void json_address(struct buf *b, uint64_t address); /* "0x..." */
/* value / 10^9, as a number. */
void json_seconds(struct buf *b, uint64_t ns);

#endif
