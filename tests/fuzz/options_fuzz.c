/* SPDX-License-Identifier: MIT */
/*
 * options_fuzz.c - any bytes as RACE_OPTIONS: every number stays in its range, every string is terminated, every line is one
 * line of printable text.
 */
#include "preload/options.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *line)
{
	for (; *line; line++) {
		if ((unsigned char)*line < 0x20 || *line == 0x7f)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct race_options o;
	char *text = malloc(size); /* exactly as large as the text, so that a read behind its end is seen */
	size_t n = strnlen((const char *)data, size);

	if (!text || n == size) { /* no terminator: not a string of the environment */
		free(text);
		return 0;
	}
	memcpy(text, data, size);
	options_parse(&o, text, data[size - 1] & 1, check_line);
#define OPTION_NUMBER(name, value, min, max, meaning)                 \
	if ((int64_t)o.name < (int64_t)(min) || o.name > (max)) \
		abort();
#define OPTION_CHOICE(name, value, words, meaning)           \
	{                                                    \
		unsigned most = 0;                           \
		for (const char *w = words; *w; w++)         \
			most += *w == '|';                   \
		if (o.name > most)                           \
			abort();                             \
	}
#define OPTION_STRING(name, value, meaning)                   \
	if (strnlen(o.name, sizeof(o.name)) == sizeof(o.name)) \
		abort();
#define OPTION_FILE OPTION_STRING
#include "preload/options.def"
	free(text);
	return 0;
}
