/* SPDX-License-Identifier: MIT */
/*
 * fmt.h - text into a fixed buffer, without stdio or locale.
 */
#ifndef RACE_SYS_FMT_H
#define RACE_SYS_FMT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* text is always NUL-terminated while cap > 0; what does not fit is dropped and `cut` says so. */
struct buf {
	char *text;
	size_t cap, len;
	int cut;
};

struct buf buf_on(char *text, size_t cap);
void buf_char(struct buf *b, char c);
void buf_mem(struct buf *b, const char *s, size_t n);
void buf_str(struct buf *b, const char *s);
/* %s %.*s %c %d %u %ld %lu %x %lx %p (0x + hex of a void pointer or uintptr_t) %% ; nothing else. */
void buf_fmt(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vfmt(struct buf *b, const char *format, va_list ap);
/* s between double quotes; ", \ and every byte that is neither printable ASCII nor part of a printable UTF-8 character as
 * \xNN, so that no terminal escape (also none of the 8-bit kind) reaches a terminal. */
void buf_quoted(struct buf *b, const char *s, size_t n);
/* The same without the quotes, and with " and \ as they are: names of functions and files. */
void buf_clean(struct buf *b, const char *s);

/* Bytes of the UTF-8 character at s (n > 0), 0 when there is none; printable: a terminal shows it and does not obey. */
size_t utf8_char(const char *s, size_t n, uint32_t *point);
int utf8_is_printable(uint32_t point);

/* Whole decimal (or 0x) number in [min, max]: 1, and *out is set; else 0. */
int parse_u64(const char *s, size_t n, uint64_t min, uint64_t max, uint64_t *out);
/* '*' matches any run, '?' one byte; anchored at both ends. */
int glob_match(const char *pattern, size_t np, const char *s, size_t ns);
/* Edit distance, capped at 32 bytes a side; what "did you mean" is chosen by. */
unsigned edit_distance(const char *a, size_t na, const char *b, size_t nb);
/* The last path component. */
const char *path_base(const char *path);

#endif
