/* SPDX-License-Identifier: MIT */
/*
 * options_table.c - the options as a table for documents, from the rows of options.def.
 *
 *	options_table md	docs/options.md
 *	options_table scd	the list in the man page
 */
#include <stdio.h>
#include <string.h>

static int man;

/* | would end a cell of the table, _ and friends mean something to scdoc. */
static void put(const char *s)
{
	for (; *s; s++) {
		if (man ? strchr("\\_*#|`", *s) != NULL : *s == '|')
			putchar('\\');
		putchar(*s);
	}
}

static void row(const char *name, const char *type, const char *standard, const char *meaning)
{
	if (man) {
		printf("*");
		put(name);
		printf("*=_");
		put(type);
		printf("_");
		if (*standard) {
			printf(" (default ");
			put(standard);
			printf(")");
		}
		printf("\n\t");
		put(meaning);
		printf(".\n\n");
	} else {
		printf("| `%s` | ", name);
		put(type);
		printf(" | %s | ", *standard ? standard : "-");
		put(meaning);
		printf(" |\n");
	}
}

int main(int argc, char **argv)
{
	char range[64];

	man = argc > 1 && strcmp(argv[1], "scd") == 0;
	if (!man)
		printf("<!-- SPDX-License-Identifier: MIT. Made by `make docs/options.md` from preload/options.def. -->\n"
		       "# RACE_OPTIONS\n\n"
		       "`key=value`, separated by white space or colons. A value in `'` or `\"` may hold separators: a path with a "
		       "colon or a\nspace needs quotes. The last value of a key wins. A bad key or value is told in one line, and the "
		       "default is used.\n\n"
		       "| name | type | default | meaning |\n|---|---|---|---|\n");
#define OPTION_NUMBER(name, value, min, max, meaning)                 \
	snprintf(range, sizeof(range), "%d..%d", (int)(min), (int)(max)); \
	row(#name, range, #value, meaning);
#define OPTION_CHOICE(name, value, words, meaning) row(#name, words, #value, meaning);
#define OPTION_STRING(name, value, meaning) row(#name, "text", value, meaning);
#define OPTION_FILE(name, value, meaning) row(#name, "path", value, meaning);
#include "../preload/options.def"
	if (!man)
		printf("\nOptions of type path are ignored in set-id processes. A bad suppression file, or a `log_path` that cannot be "
		       "written,\nis told in one line; the program runs on.\n");
	return 0;
}
