/* SPDX-License-Identifier: MIT */
/*
 * extract.c - `race extract`: whole reports out of a log that holds other things, too.
 *
 * Invariant what goes out are reports, each line of them checked against their grammar, in the order in which they end; nothing else of
 *           the log does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../findings/findings_load.h"
#include "../findings/findings_text.h"
#include "../verbs.h"

#define VERB_NAME "extract"
#define TOLD_MOST 20

struct log_out {
	const char *path;
	int told, with_prefix;
};

static void tell(struct log_out *o, int64_t line, const char *why)
{
	char what[300];

	if (o->told++ > TOLD_MOST)
		return;
	if (o->told > TOLD_MOST)
		why = "more places like these follow, not told one by one";
	snprintf(what, sizeof(what), ":%lld: %s", (long long)line, why);
	loader_complain(VERB_NAME, o->path, what);
}

static void told(void *state, int64_t line, const char *why)
{
	tell(state, line, why);
}

static void found(void *state, const struct text_report *r, struct finding *f)
{
	const struct log_out *o = state;

	if (o->with_prefix && r->prefix[0])
		printf("%s\n", r->prefix);
	fwrite(r->text, 1, r->n, stdout);
}

static int extract(const char *name, int with_prefix)
{
	struct log_out o = { strcmp(name, "-") ? name : "standard input", 0, with_prefix };
	const struct text_scan_calls calls = { found, told, &o };
	struct text_scan *scan;
	struct lines lines;
	struct line line;
	const char *why;
	char what[300];
	int got;

	if (!strcmp(name, "-")) {
		lines_on(&lines, dup(0));
	} else if (lines_open(&lines, name, &why) != 0) {
		snprintf(what, sizeof(what), " cannot be read: %s; `race extract -` reads standard input", why);
		loader_complain(VERB_NAME, name, what);
		return 2;
	}
	scan = text_scan_new(&calls);
	while ((got = lines_next(&lines, &line)) > 0) {
		if (line.too_long)
			tell(&o, line.number, "a line of more than 16 MiB is passed over");
		else
			text_scan_line(scan, &line);
	}
	text_scan_end(scan);
	lines_close(&lines);
	if (got < 0) {
		snprintf(what, sizeof(what), " cannot be read any further: %m");
		loader_complain(VERB_NAME, o.path, what);
	}
	return got < 0 ? 2 : 0;
}

int extract_main(int argc, char **argv)
{
	int status = 0, with_prefix = 0, i = 0;

	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		if (!strcmp(argv[i], "--prefix")) {
			with_prefix = 1;
			continue;
		}
		loader_complain(VERB_NAME, argv[i], " is no option; `race help extract` tells them");
		return 2;
	}
	if (i == argc)
		return extract("-", with_prefix);
	for (; i < argc; i++)
		status |= extract(argv[i], with_prefix);
	return status;
}
