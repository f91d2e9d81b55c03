/* SPDX-License-Identifier: MIT */
/*
 * config_options.c - the RACE_OPTIONS of the processes that `race run` starts.
 *
 * Order     the file's `options:` and `suppressions:`, then the environment's RACE_OPTIONS, then what makes a run of it (exit
 *           statuses stay the programs' own, reports go into the directory), then tags. The last value of a key wins there.
 * Invariant what goes in front cannot swallow what comes behind it: a quote that does not end is refused here.
 */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "../util/console.h"

#define VALUE_MAX 1023 /* of an option of librace.so */

static int is_separator(char c)
{
	return c == ' ' || c == ':' || (c >= '\t' && c <= '\r');
}

/* Calls `take` with each key and value. 0; else the column of a quote that does not end. */
static size_t walk(const char *text, void (*take)(void *to, const char *key, size_t nkey, const char *value, size_t nvalue), void *to)
{
	for (const char *p = text; *p;) {
		const char *key = p, *value, *end;

		if (is_separator(*p)) {
			p++;
			continue;
		}
		while (*p && *p != '=' && !is_separator(*p))
			p++;
		if (*p != '=')
			continue;
		value = p + 1;
		if (*value == '"' || *value == '\'') {
			end = strchr(value + 1, *value);
			if (!end)
				return (size_t)(value - text) + 1;
			if (take)
				take(to, key, (size_t)(p - key), value + 1, (size_t)(end - value - 1));
			for (p = end + 1; *p && !is_separator(*p); p++)
				;
			continue;
		}
		for (end = value; *end && !is_separator(*end); end++)
			;
		if (take)
			take(to, key, (size_t)(p - key), value, (size_t)(end - value));
		p = end;
	}
	return 0;
}

static void take_tags(void *to, const char *key, size_t nkey, const char *value, size_t nvalue)
{
	const char **tags = to;

	if (nkey == 4 && !memcmp(key, "tags", 4)) {
		tags[0] = value;
		tags[1] = value + nvalue;
	}
}

static int quote_complain(struct config *c, const char *place, size_t column)
{
	return console_complain(c->verb, "%s: the quote at column %zu does not end; allowed is key=value, key='value' or key=\"value\"", place,
				column);
}

int config_tags_of_options(struct config *c)
{
	const char *text = getenv("RACE_OPTIONS"), *tags[2] = { NULL, NULL };
	size_t column;

	if (!text)
		return 0;
	column = walk(text, take_tags, tags);
	if (column)
		return quote_complain(c, "RACE_OPTIONS", column);
	for (const char *p = tags[0]; p && p < tags[1];) {
		size_t n = strcspn(p, ",'\""), equals = strcspn(p, "=");

		if (n > (size_t)(tags[1] - p))
			n = (size_t)(tags[1] - p);
		if (n && equals < n &&
		    config_tag(c, "RACE_OPTIONS: ", config_keep(c, "%.*s", (int)equals, p),
			       config_keep(c, "%.*s", (int)(n - equals - 1), p + equals + 1), RANK_ENVIRONMENT, "RACE_OPTIONS"))
			return 2;
		p += n + 1;
	}
	return 0;
}

/* key='value', or with " where the value holds a '. NULL after one line. */
static const char *quoted(struct config *c, const char *key, const char *value, const char *what)
{
	char quote = strchr(value, '\'') ? '"' : '\'';

	if (strchr(value, quote) || strlen(value) > VALUE_MAX) {
		console_complain(c->verb, "%s \"%.60s\" is longer than %d bytes or holds both kinds of quotes, which RACE_OPTIONS cannot say; "
				 "choose another one", what, value, VALUE_MAX);
		return NULL;
	}
	return config_keep(c, "%s=%c%s%c", key, quote, value, quote);
}

const char *config_race_options(struct config *c, const char *directory)
{
	const char *environment = getenv("RACE_OPTIONS"), *text = c->set[SETTING_OPTIONS].text, *more;
	size_t column = walk(text, NULL, NULL);

	if (column) {
		quote_complain(c, c->set[SETTING_OPTIONS].from, column);
		return NULL;
	}
	if (*c->set[SETTING_SUPPRESSIONS].text) {
		more = quoted(c, "suppressions", c->set[SETTING_SUPPRESSIONS].text, "the file of suppressions");
		if (!more)
			return NULL;
		text = config_keep(c, "%s%s%s", text, *text ? " " : "", more);
	}
	if (environment && *environment)
		text = config_keep(c, "%s%s%s", text, *text ? " " : "", environment);
	more = quoted(c, "record_dir", directory, "the directory");
	if (!more)
		return NULL;
	text = config_keep(c, "%s%sexitcode=0 log_path= %s", text, *text ? " " : "", more);
	if (c->ntags) {
		const char *tags = "";

		for (size_t i = 0; i < c->ntags; i++)
			tags = config_keep(c, "%s%s%s=%s", tags, i ? "," : "", c->tags[i].key, c->tags[i].value);
		more = quoted(c, "tags", tags, "the list of tags");
		if (!more)
			return NULL;
		text = config_keep(c, "%s %s", text, more);
	}
	return text;
}
