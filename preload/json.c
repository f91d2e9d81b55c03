/* SPDX-License-Identifier: MIT */
/*
 * json.c - see json.h. Texts are written as the lines of a record have them (report/json.h).
 */
#include "json.h"

#include <string.h>

#include "../report/json.h"

void json_text(struct buf *b, const char *text, size_t n)
{
	line_string(b, text, strnlen(text, n));
}

void json_string(struct buf *b, const char *s)
{
	json_text(b, s, strlen(s));
}

void json_address(struct buf *b, uint64_t address)
{
	buf_fmt(b, "\"0x%lx\"", (unsigned long)address);
}

void json_seconds(struct buf *b, uint64_t ns)
{
	char digits[9];

	for (int i = 8; i >= 0; i--) {
		digits[i] = (char)('0' + ns % 10);
		ns /= 10;
	}
	buf_fmt(b, "%lu.", (unsigned long)ns);
	buf_mem(b, digits, sizeof(digits));
}
