/* SPDX-License-Identifier: MIT */
/*
 * suppress.c - suppressions: TSan's syntax, `TYPE:PATTERN` one a line, `#` comments.
 *
 * A pattern is searched anywhere in the text; `*` stands for any run of bytes, `^` at the start and `$` at the end tie it to
 * the ends of the text. A bad line is told with its place and what is allowed; the rest of the file still counts.
 *
 * Runs      the parser in the host at start-up and in the helper; the matcher wherever the report is rendered.
 * Must not  allocate, use stdio, or trust the file: any bytes, any length.
 */
#include <string.h>

#include "report.h"
#include "words.h"

#define COMPLAINTS 20 /* then one line says that there are more */

static const char *const type_names[] = { "race", "race_top", "called_from_lib", "map", "thread" };
#define TYPES (sizeof(type_names) / sizeof(type_names[0]))
static const char allowed[] = "race: race_top: called_from_lib: map: thread:";

/* ---- parser -------------------------------------------------------------------------------------------------------- */

struct parser {
	struct suppressions *s;
	void (*complain)(const char *line);
	uint32_t line, complaints;
	char text[1024];
	struct buf out;
};

static struct buf *complaint(struct parser *p, size_t column)
{
	p->out = buf_on(p->text, sizeof(p->text));
	buf_str(&p->out, "librace: ");
	buf_clean(&p->out, p->s->file);
	buf_fmt(&p->out, ":%u:%lu: ", p->line, (unsigned long)column);
	return &p->out;
}

static void complain(struct parser *p)
{
	if (!p->complain || p->complaints > COMPLAINTS)
		return;
	if (p->complaints++ == COMPLAINTS)
		buf_str(complaint(p, 1), "more bad lines follow, not told one by one");
	p->complain(p->text);
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static const char *nearest_type(const char *name, size_t n)
{
	unsigned best = 3; /* further away is not a slip of the finger */
	const char *found = NULL;

	for (unsigned i = 0; i < TYPES; i++) {
		unsigned d = edit_distance(name, n, type_names[i], strlen(type_names[i]));

		if (d < best) {
			best = d;
			found = type_names[i];
		}
	}
	return found;
}

static void unknown_type(struct parser *p, const char *name, size_t n, size_t column)
{
	const char *near = nearest_type(name, n);
	struct buf *b = complaint(p, column);

	buf_str(b, "unknown type ");
	buf_quoted(b, name, n < 40 ? n : 40);
	if (near)
		buf_fmt(b, ", did you mean \"%s\"?", near);
	buf_fmt(b, "; allowed: %s", allowed);
	complain(p);
}

/* One line without its end. 0 when the table is full. */
static int parse_line(struct parser *p, const char *line, size_t n)
{
	const char *at = line, *end = line + n, *colon;
	struct suppression *rule;
	size_t length;
	unsigned type;

	while (at < end && is_blank(*at))
		at++;
	while (end > at && is_blank(end[-1]))
		end--;
	if (at == end || *at == '#')
		return 1;
	colon = memchr(at, ':', (size_t)(end - at));
	if (!colon) {
		struct buf *b = complaint(p, (size_t)(end - line) + 1);

		buf_fmt(b, "expected `:` after the type; allowed: %s", allowed);
		complain(p);
		return 1;
	}
	for (type = 0; type < TYPES; type++) {
		if (strlen(type_names[type]) == (size_t)(colon - at) && !memcmp(type_names[type], at, (size_t)(colon - at)))
			break;
	}
	if (type == TYPES) {
		unknown_type(p, at, (size_t)(colon - at), (size_t)(at - line) + 1);
		return 1;
	}
	at = colon + 1;
	length = (size_t)(end - at);
	if (length == 0 || memchr(at, 0, length)) {
		const char *zero = length ? memchr(at, 0, length) : at;

		buf_str(complaint(p, (size_t)(zero - line) + 1),
			length ? "a NUL byte in the pattern" : "expected a pattern: text with `*`, `^` or `$`");
		complain(p);
		return 1;
	}
	if (length >= sizeof(rule->pattern)) {
		buf_fmt(complaint(p, (size_t)(at - line) + 1), "the pattern has %lu bytes, allowed are %lu",
			(unsigned long)length, (unsigned long)sizeof(rule->pattern) - 1);
		complain(p);
		return 1;
	}
	if (p->s->n == SUPPRESSIONS) {
		buf_fmt(complaint(p, 1), "more than %u suppressions; this one and the rest are left out", SUPPRESSIONS);
		complain(p);
		return 0;
	}
	rule = &p->s->rule[p->s->n++];
	rule->type = (enum suppression_type)type;
	memcpy(rule->pattern, at, length);
	rule->pattern[length] = 0;
	rule->line = p->line;
	rule->matched = 0;
	return 1;
}

void suppressions_parse(struct suppressions *s, const char *file, const char *text, size_t bytes,
			void (*complain_line)(const char *line))
{
	static struct parser parser; /* start-up only: one thread */
	struct parser *p = &parser;
	struct buf name = buf_on(s->file, sizeof(s->file));
	const char *end = text + bytes;

	buf_str(&name, file);
	s->n = 0;
	p->s = s;
	p->complain = complain_line;
	p->line = p->complaints = 0;
	if (bytes >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);

		p->line++;
		if (!parse_line(p, text, n) || !newline)
			return;
		text = newline + 1;
	}
}

/* ---- matcher ------------------------------------------------------------------------------------------------------- */

/* Like glob_match, but `*` is the only special byte. */
static int star_match(const char *pattern, size_t np, const char *s)
{
	size_t p = 0, i = 0, star = np, from = 0;

	while (s[i]) {
		if (p < np && pattern[p] == '*') {
			star = p++;
			from = i;
		} else if (p < np && pattern[p] == s[i]) {
			p++;
			i++;
		} else if (star < np) {
			p = star + 1;
			i = ++from;
		} else {
			return 0;
		}
	}
	while (p < np && pattern[p] == '*')
		p++;
	return p == np;
}

int suppression_pattern_matches(const char *pattern, const char *text)
{
	char glob[sizeof(((struct suppression *)0)->pattern) + 2];
	size_t n = strlen(pattern), len = 0;
	int from_start = n > 0 && pattern[0] == '^', to_end;

	if (!text[0])
		return 0;
	pattern += from_start;
	n -= (size_t)from_start;
	to_end = n > 0 && pattern[n - 1] == '$';
	n -= (size_t)to_end;
	if (!from_start)
		glob[len++] = '*';
	for (size_t i = 0; i < n; i++)
		glob[len++] = pattern[i];
	if (!to_end)
		glob[len++] = '*';
	return star_match(glob, len, text);
}

static const struct record_module *module_at(const struct record *r, const struct record_frame *f)
{
	return f->module < r->nmodules && f->module < RECORD_MODULES ? &r->modules[f->module] : NULL;
}

/* With its parameters, if it has any, and as reports show it: else `^put$` would not match put(int), and `^put` put_all(int), too. */
static int function_matches(const char *pattern, const char *name)
{
	char plain[sizeof(((struct frame_text *)0)->function)];
	size_t n = words_name_length(name);

	if (suppression_pattern_matches(pattern, name))
		return 1;
	if (!name[n] || n >= sizeof(plain))
		return 0;
	memcpy(plain, name, n);
	plain[n] = 0;
	return suppression_pattern_matches(pattern, plain);
}

static struct frame_text texts[FRAME_TEXTS]; /* one report at a time */

static int frame_matches(const char *pattern, const struct record *r, const struct resolver *names,
			 const struct record_stack *s, uint32_t i)
{
	const struct record_module *m = module_at(r, &s->frames[i]);
	int n;

	if (i == 0 && s->op[0] && suppression_pattern_matches(pattern, s->op))
		return 1;
	if (m && suppression_pattern_matches(pattern, m->path))
		return 1;
	n = names->frame(names->state, r, &s->frames[i], texts, FRAME_TEXTS);
	for (int k = 0; k < n && k < FRAME_TEXTS; k++) {
		if (function_matches(pattern, texts[k].function) || suppression_pattern_matches(pattern, texts[k].file))
			return 1;
	}
	return 0;
}

static uint32_t frames_of(const struct record_stack *s)
{
	return s->nframes < RECORD_FRAMES ? s->nframes : RECORD_FRAMES;
}

/* TSan's top is the innermost frame, which here is always the map's function: the user's first frame counts too. */
static int top_matches(const char *pattern, const struct record *r, const struct resolver *names,
		       const struct record_stack *s)
{
	int text, user = stack_user_text(r, names, s, &text);

	return (frames_of(s) > 0 && frame_matches(pattern, r, names, s, 0)) ||
	       (user > 0 && frame_matches(pattern, r, names, s, (uint32_t)user));
}

/* Who called the operation: the frame above the operation's own. */
static int caller_matches(const char *pattern, const struct record *r, const struct record_stack *s)
{
	uint32_t caller = s->op[0] ? 1 : 0;
	const struct record_module *m = caller < frames_of(s) ? module_at(r, &s->frames[caller]) : NULL;

	return m && suppression_pattern_matches(pattern, path_base(m->path));
}

static int thread_matches(const char *pattern, const struct record *r, const struct record_access *a)
{
	const struct record_thread *t = a->thread < r->nthreads ? &r->threads[a->thread] : NULL;

	if (!t || t->number == RECORD_UNKNOWN_THREAD)
		return 0;
	if (t->number == 0 && suppression_pattern_matches(pattern, "main thread"))
		return 1;
	/* "" stands for the program's own name. */
	return suppression_pattern_matches(pattern, t->name[0] ? t->name : r->program);
}

static int rule_matches(const struct suppression *rule, const struct record *r, const struct resolver *names)
{
	const struct record_access *sides[2] = { &r->now, &r->before };
	const char *pattern = rule->pattern;

	if (rule->type == SUPPRESS_MAP)
		return suppression_pattern_matches(pattern, r->map_kind) || suppression_pattern_matches(pattern, r->label);
	for (int side = 0; side < 2; side++) {
		const struct record_stack *s = &sides[side]->stack;

		switch (rule->type) {
		case SUPPRESS_RACE:
			for (uint32_t i = 0; i < frames_of(s); i++) {
				if (frame_matches(pattern, r, names, s, i))
					return 1;
			}
			break;
		case SUPPRESS_RACE_TOP:
			if (top_matches(pattern, r, names, s))
				return 1;
			break;
		case SUPPRESS_CALLED_FROM_LIB:
			if (caller_matches(pattern, r, s))
				return 1;
			break;
		case SUPPRESS_THREAD:
			if (thread_matches(pattern, r, sides[side]))
				return 1;
			break;
		case SUPPRESS_MAP:
			break;
		}
	}
	return 0;
}

int suppressions_match(const struct suppressions *s, const struct record *r, const struct resolver *names)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (rule_matches(&s->rule[i], r, names))
			return (int)i;
	}
	return -1;
}

const char *suppression_type_name(enum suppression_type type)
{
	return type_names[type];
}
