/* SPDX-License-Identifier: MIT */
/*
 * parse.c - the text of a rules file.
 *
 * Grammar   FILE:SYMBOL ROLE [word ...], one a line; `#` begins a comment; blanks are spaces and tabs; a line may end in CR LF.
 * Mistakes  one line each: where (column in bytes, from 1), what, and what is allowed or was meant. The line of the file is
 *           left out, the others count. After COMPLAINTS of them one line says that there are more.
 * Runs      once, at start-up. Links into tests without the rest.
 * Must not  allocate, use stdio, or trust the file: any bytes, any length.
 */
#include "rules.h"

#include <string.h>

enum { COMPLAINTS = 20, LINE = 1600, SHOWN = 60 };

static const char *const role_names[RULE_ROLES] = {
	[ROLE_CREATE] = "create", [ROLE_DESTROY] = "destroy", [ROLE_INSERT] = "insert",   [ROLE_LOOKUP] = "lookup",
	[ROLE_REMOVE] = "remove", [ROLE_UPDATE] = "update",   [ROLE_ITERATE] = "iterate", [ROLE_RESIZE] = "resize",
	[ROLE_CLEAR] = "clear",   [RULE_ACQUIRE] = "acquire", [RULE_RELEASE] = "release",
};

enum word { WORD_MAP, WORD_KEY, WORD_BUCKET, WORD_ACCESS, WORD_CONTRACT, WORD_OBJ, WORD_MODE, WORD_WHEN, WORD_FILE, WORDS };
static const char *const word_names[WORDS] = { "map", "key", "bucket", "access", "contract", "obj", "mode", "when", "file" };
enum { LOCK_WORDS = 1 << WORD_OBJ | 1 << WORD_MODE | 1 << WORD_WHEN, ANY_WORDS = 1 << WORD_FILE };

static const char places[] = "argN, *argN, *(argN+OFF), global:SYMBOL; N is 0..11";
static const char map_words[] = "map= key= bucket= access= contract= file=";
static const char lock_words[] = "obj= mode=read when=ret==0 when=ret!=0 file=";

struct piece {
	const char *s;
	size_t n;
};

struct parser {
	struct rules *out;
	void (*complain)(const char *line);
	const char *line; /* begin of the current one */
	uint32_t number, told;
	char text[LINE];
	struct buf message;
};

/* ---- complaints --------------------------------------------------------------------------------------------------- */

void rules_place(struct buf *b, const char *path, uint32_t line, uint32_t column)
{
	buf_str(b, "librace: rules=");
	buf_clean(b, path);
	if (line)
		buf_fmt(b, ":%u:%u", line, column);
	buf_str(b, ": ");
}

void rules_quote(struct buf *b, const char *s, size_t n)
{
	buf_quoted(b, s, n < SHOWN ? n : SHOWN);
	if (n > SHOWN)
		buf_str(b, "...");
}

const char *rules_nearest(const char *s, size_t bytes, const char *const *names, unsigned n)
{
	unsigned least = 1 + (unsigned)(bytes < 32 ? bytes : 32) / 3; /* more edits than that are another word */
	const char *best = NULL;

	for (unsigned i = 0; i < n; i++) {
		unsigned d = names[i] ? edit_distance(s, bytes, names[i], strlen(names[i])) : ~0u;

		if (d < least || (d == least && !best)) {
			least = d;
			best = names[i];
		}
	}
	return best;
}

static struct buf *complaint(struct parser *p, const char *at)
{
	p->message = buf_on(p->text, sizeof(p->text));
	rules_place(&p->message, p->out->path, p->number, (uint32_t)(at - p->line) + 1);
	return &p->message;
}

/* Says it; the line is bad. */
static int complained(struct parser *p)
{
	p->out->bad++;
	if (p->complain && p->told <= COMPLAINTS) {
		if (p->told == COMPLAINTS) {
			struct buf *b = complaint(p, p->line);

			buf_str(b, "more bad lines follow, not told one by one");
		}
		p->told++;
		p->complain(p->text);
	}
	return 0;
}

static int expected(struct parser *p, const char *at, const char *what, const char *allowed)
{
	struct buf *b = complaint(p, at);

	buf_fmt(b, "expected %s", what);
	if (allowed)
		buf_fmt(b, "; allowed: %s", allowed);
	return complained(p);
}

static int unknown(struct parser *p, const char *what, struct piece got, const char *near, const char *after, const char *allowed)
{
	struct buf *b = complaint(p, got.s);

	buf_fmt(b, "unknown %s ", what);
	rules_quote(b, got.s, got.n);
	if (near)
		buf_fmt(b, ", did you mean \"%s%s\"?", near, after);
	buf_fmt(b, "; allowed: %s", allowed);
	return complained(p);
}

/* word="VALUE": allowed is ... */
static int bad_value(struct parser *p, enum word w, struct piece value, const char *allowed)
{
	struct buf *b = complaint(p, value.s);

	buf_fmt(b, "%s=", word_names[w]);
	rules_quote(b, value.s, value.n);
	buf_fmt(b, ": allowed is %s", allowed);
	return complained(p);
}

static int bad_choice(struct parser *p, enum word w, struct piece value, const char *const *choices, unsigned n,
		      const char *allowed)
{
	struct buf *b = complaint(p, value.s);
	const char *near = rules_nearest(value.s, value.n, choices, n);

	buf_fmt(b, "%s=", word_names[w]);
	rules_quote(b, value.s, value.n);
	if (near)
		buf_fmt(b, ", did you mean \"%s\"?", near);
	buf_fmt(b, "; allowed is %s", allowed);
	return complained(p);
}

static void put_roles(struct buf *b)
{
	for (unsigned i = 0; i < RULE_ROLES; i++)
		buf_fmt(b, "%s%s", i ? " " : "", role_names[i]);
}

/* ---- small things -------------------------------------------------------------------------------------------------- */

static int is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int piece_is(struct piece p, const char *word)
{
	return p.n == strlen(word) && memcmp(p.s, word, p.n) == 0;
}

static int starts_with(struct piece p, const char *word)
{
	return p.n >= strlen(word) && memcmp(p.s, word, strlen(word)) == 0;
}

static struct piece piece_from(struct piece p, size_t skip)
{
	return (struct piece){ p.s + skip, p.n - skip };
}

static int has_glob(struct piece p)
{
	return memchr(p.s, '*', p.n) || memchr(p.s, '?', p.n);
}

/* "argN" and nothing else. RULE_NO_ARG when it is not. */
static uint8_t arg_number(struct piece p)
{
	unsigned n = 0;

	if (!starts_with(p, "arg") || p.n < 4 || p.n > 5 || (p.n == 5 && p.s[3] == '0'))
		return RULE_NO_ARG;
	for (size_t i = 3; i < p.n; i++) {
		if (p.s[i] < '0' || p.s[i] > '9')
			return RULE_NO_ARG;
		n = n * 10 + (unsigned)(p.s[i] - '0');
	}
	return n < RULE_ARGS ? (uint8_t)n : RULE_NO_ARG;
}

/* The next run of bytes that are not blank, or n 0 at the end of the line or at a comment. */
static struct piece next_word(const char **at, const char *end)
{
	struct piece p;

	while (*at < end && is_blank(**at))
		++*at;
	p.s = *at;
	if (*at < end && **at == '#')
		*at = end;
	while (*at < end && !is_blank(**at))
		++*at;
	p.n = p.s < end && *p.s == '#' ? 0 : (size_t)(*at - p.s);
	return p;
}

/* ---- words ---------------------------------------------------------------------------------------------------------- */

static int take_offset(struct piece p, int32_t *out)
{
	int negative = 0;
	uint64_t value;

	if (p.n && p.s[0] == '-') {
		negative = 1;
		p = piece_from(p, 1);
	}
	if (!parse_u64(p.s, p.n, 0, INT32_MAX, &value))
		return 0;
	*out = negative ? -(int32_t)value : (int32_t)value;
	return 1;
}

/* *argN or *(argN+OFF) without its star. */
static int take_deref(struct piece p, struct rule_place *out)
{
	size_t sign = 0;

	out->kind = PLACE_DEREF;
	out->offset = 0;
	out->arg = arg_number(p);
	if (out->arg != RULE_NO_ARG)
		return 1;
	if (p.n < 2 || p.s[0] != '(' || p.s[p.n - 1] != ')')
		return 0;
	p = (struct piece){ p.s + 1, p.n - 2 };
	while (sign < p.n && p.s[sign] != '+' && p.s[sign] != '-')
		sign++;
	out->arg = arg_number((struct piece){ p.s, sign });
	if (out->arg == RULE_NO_ARG)
		return 0;
	if (sign == p.n)
		return 1;
	return take_offset(piece_from(p, p.s[sign] == '+' ? sign + 1 : sign), &out->offset);
}

static int take_place(struct parser *p, struct rule *r, enum word w, struct piece value)
{
	struct rule_place *out = &r->place;

	if (starts_with(value, "global:") && value.n > 7) {
		out->kind = PLACE_GLOBAL;
		out->global = (struct rule_text){ value.s + 7, (uint32_t)value.n - 7 };
		return 1;
	}
	if (piece_is(value, "ret")) {
		out->kind = PLACE_RESULT;
		if (r->role == ROLE_CREATE && w == WORD_MAP)
			return 1;
		return bad_value(p, w, value, w == WORD_MAP ? "argN, *argN, *(argN+OFF), global:SYMBOL (ret is for create)" : places);
	}
	if (value.n && value.s[0] == '*') {
		if (take_deref(piece_from(value, 1), out))
			return 1;
	} else {
		out->kind = PLACE_ARG;
		out->arg = arg_number(value);
		if (out->arg != RULE_NO_ARG)
			return 1;
	}
	return bad_value(p, w, value, r->role == ROLE_CREATE ? "ret, argN, *argN, *(argN+OFF), global:SYMBOL; N is 0..11" : places);
}

static int take_key(struct parser *p, struct rule *r, struct piece value)
{
	static const char *const kinds[] = { "ptr", "int", "long", "string", "len=argM" };
	static const char allowed[] = "argN, argN:ptr, argN:int, argN:long, argN:string, argN:len=argM; N and M are 0..11";
	const char *colon = memchr(value.s, ':', value.n);
	struct piece arg = { value.s, colon ? (size_t)(colon - value.s) : value.n }, kind;

	r->key_arg = arg_number(arg);
	r->key = RULE_KEY_POINTER;
	if (r->key_arg == RULE_NO_ARG)
		return bad_value(p, WORD_KEY, value, allowed);
	if (!colon)
		return 1;
	kind = piece_from(value, arg.n + 1);
	for (unsigned i = 0; i < 4; i++) {
		if (piece_is(kind, kinds[i])) {
			r->key = (uint8_t)(RULE_KEY_POINTER + i);
			return 1;
		}
	}
	if (starts_with(kind, "len=")) {
		r->key = RULE_KEY_COUNTED;
		r->length_arg = arg_number(piece_from(kind, 4));
		if (r->length_arg != RULE_NO_ARG)
			return 1;
		return bad_value(p, WORD_KEY, piece_from(kind, 4), "argM with M in 0..11, behind len=");
	}
	return unknown(p, "kind of key", kind, rules_nearest(kind.s, kind.n, kinds, 5), "", "ptr int long string len=argM");
}

static int take_word(struct parser *p, struct rule *r, enum word w, struct piece value)
{
	static const char *const accesses[] = { "read", "write" };
	static const char *const contracts[] = { "unsafe", "bucket-locked", "concurrent" };
	static const char *const whens[] = { "ret==0", "ret!=0" };

	switch (w) {
	case WORD_MAP:
	case WORD_OBJ:
		return take_place(p, r, w, value);
	case WORD_KEY:
		return take_key(p, r, value);
	case WORD_BUCKET:
		r->bucket_arg = arg_number(value);
		return r->bucket_arg != RULE_NO_ARG || bad_value(p, w, value, "argN; N is 0..11");
	case WORD_ACCESS:
		r->access = piece_is(value, "read") ? ACCESS_READ : piece_is(value, "write") ? ACCESS_WRITE : ACCESS_NONE;
		return r->access != ACCESS_NONE || bad_choice(p, w, value, accesses, 2, "read|write");
	case WORD_CONTRACT:
		for (r->contract = 0; r->contract < 3; r->contract++) {
			if (piece_is(value, contracts[r->contract]))
				return 1;
		}
		return bad_choice(p, w, value, contracts, 3, "unsafe|bucket-locked|concurrent");
	case WORD_MODE:
		r->read_mode = 1;
		return piece_is(value, "read") || bad_choice(p, w, value, accesses, 1, "read");
	case WORD_WHEN:
		r->when = piece_is(value, "ret==0") ? WHEN_ZERO : WHEN_NOT_ZERO;
		return piece_is(value, "ret==0") || piece_is(value, "ret!=0") ||
		       bad_choice(p, w, value, whens, 2, "ret==0|ret!=0");
	case WORD_FILE:
		r->source = (struct rule_text){ value.s, (uint32_t)value.n };
		return value.n > 0 || bad_value(p, w, value, "the name of a source file, as NAME.c");
	case WORDS:
		break;
	}
	return 0;
}

static int is_lock_role(const struct rule *r)
{
	return r->role >= RULE_ACQUIRE;
}

static const char *words_of(const struct rule *r)
{
	return is_lock_role(r) ? lock_words : map_words;
}

static unsigned allowed_words(const struct rule *r)
{
	return ANY_WORDS | (is_lock_role(r) ? LOCK_WORDS : ((1u << WORDS) - 1) & ~(unsigned)LOCK_WORDS);
}

/* key=value; marks in *given what has come. */
static int parse_word(struct parser *p, struct rule *r, struct piece word, unsigned *given)
{
	const char *equals = memchr(word.s, '=', word.n);
	struct piece name = { word.s, equals ? (size_t)(equals - word.s) : word.n };
	const char *candidates[WORDS];
	unsigned w;

	for (w = 0; w < WORDS; w++) {
		candidates[w] = allowed_words(r) >> w & 1 ? word_names[w] : NULL;
		if (piece_is(name, word_names[w]))
			break;
	}
	if (w == WORDS)
		return unknown(p, "word", name, rules_nearest(name.s, name.n, candidates, WORDS), "=", words_of(r));
	if (!equals)
		return expected(p, word.s + word.n, "\"=\" and a value", words_of(r));
	if (!(allowed_words(r) >> w & 1)) {
		struct buf *b = complaint(p, word.s);

		buf_fmt(b, "\"%s=\" has no meaning for %s; allowed: %s", word_names[w], role_names[r->role], words_of(r));
		return complained(p);
	}
	if (*given >> w & 1) {
		struct buf *b = complaint(p, word.s);

		buf_fmt(b, "\"%s=\" is given twice; allowed is one", word_names[w]);
		return complained(p);
	}
	*given |= 1u << w;
	return take_word(p, r, (enum word)w, piece_from(word, name.n + 1));
}

/* ---- lines ---------------------------------------------------------------------------------------------------------- */

static int parse_target(struct parser *p, struct rule *r, struct piece target)
{
	const char *colon = memchr(target.s, ':', target.n), *bad;
	struct piece module = { target.s, colon ? (size_t)(colon - target.s) : target.n }, symbol;

	if (!colon)
		return expected(p, target.s + target.n, "\":\" and a function behind the file", "FILE:SYMBOL ROLE [word ...]");
	symbol = piece_from(target, module.n + 1);
	if (!module.n)
		return expected(p, target.s, "the name of a program or library before \":\"", "a base name or SONAME; * and ? match any");
	if (!symbol.n)
		return expected(p, symbol.s, "the name of a function behind \":\"", "a symbol of the file; * and ? match any");
	bad = memchr(module.s, '/', module.n);
	if (bad) {
		buf_str(complaint(p, bad), "a folder in the name of a file; allowed: its base name or SONAME");
		return complained(p);
	}
	bad = memchr(symbol.s, ':', symbol.n);
	if (!bad)
		bad = memchr(symbol.s, '(', symbol.n);
	if (bad) {
		struct buf *b = complaint(p, bad);

		buf_fmt(b, "\"%c\" in the name of a function; allowed: a symbol as nm prints it (mangled, for C++)", *bad);
		return complained(p);
	}
	r->module = (struct rule_text){ module.s, (uint32_t)module.n };
	r->symbol = (struct rule_text){ symbol.s, (uint32_t)symbol.n };
	r->module_glob = (uint8_t)has_glob(module);
	r->symbol_glob = (uint8_t)has_glob(symbol);
	r->line = p->number;
	r->column = (uint32_t)(symbol.s - p->line) + 1;
	return 1;
}

static int parse_role(struct parser *p, struct rule *r, struct piece role, const char *end)
{
	struct buf *b;
	const char *near;

	for (r->role = 0; r->role < RULE_ROLES; r->role++) {
		if (piece_is(role, role_names[r->role]))
			return 1;
	}
	b = complaint(p, role.n ? role.s : end);
	if (!role.n) {
		buf_str(b, "expected a role behind FILE:SYMBOL");
	} else {
		near = rules_nearest(role.s, role.n, role_names, RULE_ROLES);
		buf_str(b, "unknown role ");
		rules_quote(b, role.s, role.n);
		if (near)
			buf_fmt(b, ", did you mean \"%s\"?", near);
	}
	buf_str(b, "; allowed: ");
	put_roles(b);
	return complained(p);
}

/* A function has one meaning: the same exact name again is a mistake. */
static int is_repeated(struct parser *p, const struct rule *r)
{
	for (uint32_t i = 0; i < p->out->n; i++) {
		const struct rule *o = &p->out->rule[i];

		if (rule_text_is(o->symbol, r->symbol.s, r->symbol.n) && rule_text_is(o->module, r->module.s, r->module.n) &&
		    rule_text_is(o->source, r->source.s, r->source.n)) {
			struct buf *b = complaint(p, r->symbol.s);

			rules_quote(b, r->symbol.s, r->symbol.n);
			buf_fmt(b, " has a rule in line %u; allowed is one for each function", o->line);
			complained(p);
			return 1;
		}
	}
	return 0;
}

static int parse_rule(struct parser *p, struct rule *r, struct piece target, const char *at, const char *end)
{
	struct piece word;
	unsigned given = 0;

	memset(r, 0, sizeof(*r));
	r->source.s = target.s;
	r->key_arg = r->length_arg = r->bucket_arg = RULE_NO_ARG;
	if (!parse_target(p, r, target))
		return 0;
	word = next_word(&at, end);
	if (!parse_role(p, r, word, target.s + target.n))
		return 0;
	while ((word = next_word(&at, end)).n) {
		if (!parse_word(p, r, word, &given))
			return 0;
	}
	if (is_lock_role(r) && !(given >> WORD_OBJ & 1)) {
		struct buf *b = complaint(p, end);

		buf_fmt(b, "expected obj= for %s; allowed is %s", role_names[r->role], places);
		return complained(p);
	}
	return !is_repeated(p, r);
}

/* One line without its end. */
static void parse_line(struct parser *p, const char *end)
{
	static struct rule spare; /* for those beyond the table: their mistakes are told all the same */
	struct rules *out = p->out;
	struct piece target;
	const char *at = p->line, *zero;

	while (end > at && is_blank(end[-1]))
		end--;
	target = next_word(&at, end);
	if (!target.n)
		return;
	zero = memchr(p->line, 0, (size_t)(end - p->line));
	if (zero) {
		buf_str(complaint(p, zero), "a NUL byte; allowed: text");
		complained(p);
		return;
	}
	if (!parse_rule(p, out->n < RULES ? &out->rule[out->n] : &spare, target, at, end))
		return;
	if (out->n < RULES) {
		out->n++;
	} else if (!out->left_out++) {
		buf_fmt(complaint(p, p->line), "more than %u rules; this one and those that follow are left out", RULES);
		if (p->complain)
			p->complain(p->text);
	}
}

void rules_parse(struct rules *out, const char *path, const char *text, size_t bytes, void (*complain)(const char *line))
{
	static struct parser parser; /* start-up only: one thread */
	struct parser *p = &parser;
	const char *end = text + bytes;

	out->path = path;
	out->n = out->bad = out->left_out = 0;
	p->out = out;
	p->complain = complain;
	p->number = p->told = 0;
	if (bytes >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		p->number++;
		p->line = text;
		parse_line(p, newline ? newline : end);
		text = newline ? newline + 1 : end;
	}
}
