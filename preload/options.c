/* SPDX-License-Identifier: MIT */
/*
 * options.c - the parser of RACE_OPTIONS.
 *
 * Owns      race_options, and the table that the rows of options.def make.
 * Grammar   key=value, separated by white space or colons. A value in ' or " runs to the same quote and may hold separators; any
 *           other value ends at a separator. The last value of a key wins.
 * Mistakes  one line each, with the column (in bytes, from 1), and the default is used. A wrong value never becomes 0.
 * Runs      at start-up: first without text, from whatever hook comes first, then from the constructor. Small frames: the
 *           hook may run on a small stack.
 * Must not  allocate, use stdio, or look at the environment or the locale.
 */
#include "options.h"

#include <string.h>

#include "sys/fmt.h"

struct race_options race_options;

enum option_type { TYPE_NUMBER, TYPE_CHOICE, TYPE_STRING, TYPE_FILE };

struct option {
	const char *name;
	enum option_type type;
	size_t at;             /* offset in struct race_options */
	const char *standard;  /* the default, as a user would write it */
	uint32_t min, max;     /* TYPE_NUMBER */
	const char *words;     /* TYPE_CHOICE */
	const char *meaning;
};

static const struct option table[] = {
#define OPTION_NUMBER(name, value, min, max, meaning) \
	{ #name, TYPE_NUMBER, offsetof(struct race_options, name), #value, min, max, NULL, meaning },
#define OPTION_CHOICE(name, value, words, meaning) \
	{ #name, TYPE_CHOICE, offsetof(struct race_options, name), #value, 0, 0, words, meaning },
#define OPTION_STRING(name, value, meaning) \
	{ #name, TYPE_STRING, offsetof(struct race_options, name), value, 0, 0, NULL, meaning },
#define OPTION_FILE(name, value, meaning) \
	{ #name, TYPE_FILE, offsetof(struct race_options, name), value, 0, 0, NULL, meaning },
#include "options.def"
#undef OPTION_NUMBER
#undef OPTION_CHOICE
#undef OPTION_STRING
#undef OPTION_FILE
};
enum { OPTIONS = sizeof(table) / sizeof(table[0]) };

/* Part of the text, and the column where it starts. */
struct piece {
	const char *s;
	size_t n, column;
};

static int piece_is(struct piece p, const char *word)
{
	return p.n == strlen(word) && memcmp(p.s, word, p.n) == 0;
}

static int is_separator(char c)
{
	return c == ' ' || c == ':' || (c >= '\t' && c <= '\r');
}

/* ---- one line for each mistake -------------------------------------------------------------------------------------- */

enum { LINE = 400, SHOWN = 60 };

struct complaint {
	char text[LINE];
	struct buf line;
};

static void complaint_start(struct complaint *c)
{
	c->line = buf_on(c->text, sizeof(c->text));
	buf_str(&c->line, "librace: RACE_OPTIONS: ");
}

/* Foreign text, quoted, cut where it gets long. */
static void complaint_quote(struct complaint *c, struct piece p)
{
	buf_quoted(&c->line, p.s, p.n < SHOWN ? p.n : SHOWN);
	if (p.n > SHOWN)
		buf_str(&c->line, "...");
}

static const struct option *nearest(struct piece key)
{
	const struct option *best = NULL;
	unsigned least = 1 + (unsigned)(key.n < 32 ? key.n : 32) / 3; /* more edits than that are another word */

	for (int i = 0; i < OPTIONS; i++) {
		unsigned d = edit_distance(key.s, key.n, table[i].name, strlen(table[i].name));

		if (d < least || (d == least && !best)) {
			least = d;
			best = &table[i];
		}
	}
	return best;
}

static void complain_key(struct piece key, void (*complain)(const char *line))
{
	struct complaint c;
	const struct option *meant = nearest(key);

	complaint_start(&c);
	buf_str(&c.line, "unknown option ");
	complaint_quote(&c, key);
	buf_fmt(&c.line, " at column %lu ", (unsigned long)key.column);
	if (meant)
		buf_fmt(&c.line, "(did you mean \"%s\"?)", meant->name);
	else
		buf_str(&c.line, "(help=1 lists all)");
	complain(c.text);
}

static void complain_word(struct piece word, void (*complain)(const char *line))
{
	struct complaint c;

	complaint_start(&c);
	complaint_quote(&c, word);
	buf_fmt(&c.line, " at column %lu is no key=value: \"=\" is missing", (unsigned long)word.column);
	complain(c.text);
}

static void describe_type(struct buf *b, const struct option *o)
{
	switch (o->type) {
	case TYPE_NUMBER:
		buf_fmt(b, "%u..%u", o->min, o->max);
		break;
	case TYPE_CHOICE:
		buf_str(b, o->words);
		break;
	case TYPE_STRING:
		buf_str(b, "text");
		break;
	case TYPE_FILE:
		buf_str(b, "path");
		break;
	}
}

static void complain_value(const struct option *o, struct piece value, const char *why,
			   void (*complain)(const char *line))
{
	struct complaint c;

	complaint_start(&c);
	buf_fmt(&c.line, "%s=", o->name);
	complaint_quote(&c, value);
	buf_fmt(&c.line, " at column %lu: ", (unsigned long)value.column);
	if (why) {
		buf_str(&c.line, why);
	} else {
		buf_str(&c.line, "allowed is ");
		describe_type(&c.line, o);
	}
	if (o->type == TYPE_NUMBER || o->type == TYPE_CHOICE)
		buf_fmt(&c.line, "; using %s", o->standard);
	else
		buf_str(&c.line, "; ignored");
	complain(c.text);
}

/* ---- values ----------------------------------------------------------------------------------------------------------- */

/* Index of the value among words separated by '|'; -1 when it is none of them. */
static int choice_index(const char *words, struct piece value)
{
	for (int i = 0;; i++) {
		const char *end = words;

		while (*end && *end != '|')
			end++;
		if ((size_t)(end - words) == value.n && memcmp(words, value.s, value.n) == 0)
			return i;
		if (!*end)
			return -1;
		words = end + 1;
	}
}

/* NULL when the value was taken, else what is wrong with it ("" when saying what is allowed says it all). */
static const char *take_value(struct race_options *o, const struct option *opt, struct piece value)
{
	void *at = (char *)o + opt->at;
	uint64_t number;
	int index;

	switch (opt->type) {
	case TYPE_NUMBER:
		if (!parse_u64(value.s, value.n, opt->min, opt->max, &number))
			return "";
		*(uint32_t *)at = (uint32_t)number;
		return NULL;
	case TYPE_CHOICE:
		index = choice_index(opt->words, value);
		if (index < 0)
			return "";
		*(uint32_t *)at = (uint32_t)index;
		return NULL;
	case TYPE_FILE:
		if (opt->at == offsetof(struct race_options, log_path) && piece_is(value, "stdout"))
			return "standard output belongs to the program";
		/* fallthrough */
	case TYPE_STRING:
		if (value.n >= OPTION_TEXT)
			return "longer than 1023 bytes";
		memcpy(at, value.s, value.n);
		((char *)at)[value.n] = 0;
		return NULL;
	}
	return NULL;
}
_Static_assert(OPTION_TEXT == 1024, "the message says 1023");

static void set_default(struct race_options *o, const struct option *opt)
{
	struct piece standard = { opt->standard, strlen(opt->standard), 0 };

	take_value(o, opt, standard);
}

static int is_default(const struct race_options *o, const struct option *opt)
{
	const void *at = (const char *)o + opt->at;
	struct piece standard = { opt->standard, strlen(opt->standard), 0 };
	uint64_t number = 0;

	if (opt->type == TYPE_NUMBER) {
		parse_u64(standard.s, standard.n, opt->min, opt->max, &number);
		return *(const uint32_t *)at == number;
	}
	if (opt->type == TYPE_CHOICE)
		return (int)*(const uint32_t *)at == choice_index(opt->words, standard);
	return strcmp(at, opt->standard) == 0;
}

/* ---- the text ------------------------------------------------------------------------------------------------------- */

static const struct option *find_option(struct piece key)
{
	for (int i = 0; i < OPTIONS; i++) {
		if (piece_is(key, table[i].name))
			return &table[i];
	}
	return NULL;
}

enum value_end { VALUE_CLOSED, VALUE_UNTERMINATED, VALUE_GOES_ON };

/* Reads a value at *at and moves behind it, up to a separator or the end. */
static enum value_end read_value(const char *text, size_t *at, struct piece *value)
{
	size_t i = *at;
	enum value_end end = VALUE_CLOSED;

	if (text[i] == '\'' || text[i] == '"') {
		char quote = text[i++];

		value->s = text + i;
		value->column = i;
		while (text[i] && text[i] != quote)
			i++;
		value->n = (size_t)(text + i - value->s);
		if (!text[i])
			end = VALUE_UNTERMINATED;
		else if (text[++i] && !is_separator(text[i]))
			end = VALUE_GOES_ON;
	} else {
		value->s = text + i;
		value->column = i + 1;
		while (text[i] && !is_separator(text[i]))
			i++;
		value->n = (size_t)(text + i - value->s);
	}
	while (end == VALUE_GOES_ON && text[i] && !is_separator(text[i]))
		i++;
	*at = i;
	return end;
}

static void apply(struct race_options *o, struct piece key, struct piece value, enum value_end end, int secure,
		  void (*complain)(const char *line))
{
	const struct option *opt = find_option(key);
	const char *why;

	if (!opt) {
		if (complain)
			complain_key(key, complain);
		return;
	}
	if (secure && opt->type == TYPE_FILE)
		return;
	if (end == VALUE_UNTERMINATED)
		why = "the closing quote is missing";
	else if (end == VALUE_GOES_ON)
		why = "a separator must follow the closing quote";
	else
		why = take_value(o, opt, value);
	if (!why)
		return;
	set_default(o, opt);
	if (complain)
		complain_value(opt, value, *why ? why : NULL, complain);
}

static void parse_text(struct race_options *o, const char *text, int secure, void (*complain)(const char *line))
{
	size_t i = 0;

	for (;;) {
		struct piece key, value;
		enum value_end end;

		while (text[i] && is_separator(text[i]))
			i++;
		if (!text[i])
			return;
		key.s = text + i;
		key.column = i + 1;
		while (text[i] && text[i] != '=' && !is_separator(text[i]))
			i++;
		key.n = (size_t)(text + i - key.s);
		if (text[i] != '=') {
			if (complain)
				complain_word(key, complain);
			continue;
		}
		i++;
		end = read_value(text, &i, &value);
		apply(o, key, value, end, secure, complain);
	}
}

/* What was asked for, as it was understood. */
static void tell_changed(const struct race_options *o, void (*line)(const char *text))
{
	struct complaint c;

	c.line = buf_on(c.text, sizeof(c.text));
	buf_str(&c.line, "librace: options:");
	for (int i = 0; i < OPTIONS; i++) {
		const struct option *opt = &table[i];
		const void *at = (const char *)o + opt->at;

		if (is_default(o, opt))
			continue;
		buf_fmt(&c.line, " %s=", opt->name);
		if (opt->type == TYPE_NUMBER) {
			buf_fmt(&c.line, "%u", *(const uint32_t *)at);
		} else if (opt->type == TYPE_CHOICE) {
			const char *word = opt->words;

			for (uint32_t skip = *(const uint32_t *)at; skip; word++)
				skip -= *word == '|';
			buf_mem(&c.line, word, strcspn(word, "|"));
		} else {
			complaint_quote(&c, (struct piece){ at, strlen(at), 0 });
		}
	}
	line(c.text);
}

void options_parse(struct race_options *o, const char *text, int secure, void (*complain)(const char *line))
{
	for (int i = 0; i < OPTIONS; i++)
		set_default(o, &table[i]);
	if (!text)
		return;
	parse_text(o, text, secure, complain);
	if (complain && o->verbosity)
		tell_changed(o, complain);
	if (complain && o->help)
		options_help(complain);
}

static void pad_to(struct buf *b, size_t column)
{
	do
		buf_char(b, ' ');
	while (b->len < column);
}

void options_help(void (*line)(const char *text))
{
	struct complaint c;

	line("librace: RACE_OPTIONS: key=value, separated by spaces or colons; quote values with ' or \"");
	c.line = buf_on(c.text, sizeof(c.text));
	buf_str(&c.line, "  name");
	pad_to(&c.line, 22);
	buf_str(&c.line, "type");
	pad_to(&c.line, 46);
	buf_str(&c.line, "default");
	pad_to(&c.line, 56);
	buf_str(&c.line, "meaning");
	line(c.text);
	for (int i = 0; i < OPTIONS; i++) {
		const struct option *opt = &table[i];

		c.line = buf_on(c.text, sizeof(c.text));
		buf_fmt(&c.line, "  %s", opt->name);
		pad_to(&c.line, 22);
		describe_type(&c.line, opt);
		pad_to(&c.line, 46);
		buf_str(&c.line, *opt->standard ? opt->standard : "-");
		pad_to(&c.line, 56);
		buf_str(&c.line, opt->meaning);
		line(c.text);
	}
}
