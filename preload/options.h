/* SPDX-License-Identifier: MIT */
/*
 * options.h - RACE_OPTIONS, parsed once at start-up into one struct. The table is options.def.
 */
#ifndef RACE_PRELOAD_OPTIONS_H
#define RACE_PRELOAD_OPTIONS_H

#include <stdint.h>

#define OPTION_TEXT 1024

enum redact { REDACT_NONE, REDACT_KEYS, REDACT_NOTES, REDACT_ALL }; /* values of the option redact */

struct race_options {
#define OPTION_NUMBER(name, value, min, max, meaning) uint32_t name;
#define OPTION_CHOICE(name, value, words, meaning) uint32_t name; /* index of the word */
#define OPTION_STRING(name, value, meaning) char name[OPTION_TEXT];
#define OPTION_FILE(name, value, meaning) char name[OPTION_TEXT];
#include "options.def"
#undef OPTION_NUMBER
#undef OPTION_CHOICE
#undef OPTION_STRING
#undef OPTION_FILE
};
extern struct race_options race_options; /* written before the first thread is created, read-only afterwards */

/*
 * Defaults, then text (NULL: none). secure: file options are ignored. complain(line), when given, is called with each complete
 * line to print: a bad key or value, the whole table for help=1, what differs from the defaults for verbosity=1.
 */
void options_parse(struct race_options *o, const char *text, int secure, void (*complain)(const char *line));
/* The table as text: name, type, default, meaning, one a line below a heading. */
void options_help(void (*line)(const char *text));

#endif
