/* SPDX-License-Identifier: MIT */
/*
 * json_read.c - a strict reader of JSON for texts that may come from anywhere.
 *
 * Owns      nothing; values and their texts lie in the caller's arena and in the text itself, which is unescaped in place: no escape
 *           is shorter than what it stands for.
 * Invariant texts are valid UTF-8; nesting is bounded, so that the stack is.
 */
#include "json_read.h"

#include <string.h>

#define DEEPEST 64

struct reader {
	struct arena *arena;
	char *at, *end;
	const char *why;
};

static struct jr_value *fail(struct reader *r, const char *why)
{
	if (!r->why)
		r->why = why;
	return NULL;
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
		r->at++;
}

static int hex4(const char *s, uint32_t *out)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++) {
		char c = s[i] | 32;

		if (s[i] >= '0' && s[i] <= '9')
			value = value << 4 | (uint32_t)(s[i] - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint32_t)(c - 'a' + 10);
		else
			return 0;
	}
	*out = value;
	return 1;
}

static char *put_point(char *to, uint32_t p)
{
	if (p < 0x80) {
		*to++ = (char)p;
	} else if (p < 0x800) {
		*to++ = (char)(0xc0 | p >> 6);
		*to++ = (char)(0x80 | (p & 63));
	} else if (p < 0x10000) {
		*to++ = (char)(0xe0 | p >> 12);
		*to++ = (char)(0x80 | (p >> 6 & 63));
		*to++ = (char)(0x80 | (p & 63));
	} else {
		*to++ = (char)(0xf0 | p >> 18);
		*to++ = (char)(0x80 | (p >> 12 & 63));
		*to++ = (char)(0x80 | (p >> 6 & 63));
		*to++ = (char)(0x80 | (p & 63));
	}
	return to;
}

/* Behind the backslash at r->at. */
static char *read_escape(struct reader *r, char *to, int *plain)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	uint32_t point, low;
	const char *which;

	if (r->end - r->at < 2)
		return NULL;
	if (r->at[1] != 'u') {
		which = r->at[1] ? strchr(from, r->at[1]) : NULL;
		if (!which)
			return NULL;
		*to = into[which - from];
		*plain &= *to >= 0x20;
		r->at += 2;
		return to + 1;
	}
	if (r->end - r->at < 6 || !hex4(r->at + 2, &point))
		return NULL;
	r->at += 6;
	if (point >= 0xdc00 && point < 0xe000)
		return NULL;
	if (point >= 0xd800 && point < 0xdc00) {
		if (r->end - r->at < 6 || r->at[0] != '\\' || r->at[1] != 'u' || !hex4(r->at + 2, &low) || low < 0xdc00 || low > 0xdfff)
			return NULL;
		r->at += 6;
		point = 0x10000 + ((point & 0x3ff) << 10) + (low & 0x3ff);
	}
	*plain &= point >= 0x20 && point < 0x7f;
	return put_point(to, point);
}

/* Bytes of the UTF-8 character at s; 0: it is none. */
static size_t character(const unsigned char *s, size_t n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	uint32_t point = s[0] & (0x7fu >> length);

	if (s[0] < 0xc2 || s[0] > 0xf4 || n < length)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s[i] & 0x3f);
	}
	return point < least[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ? 0 : length;
}

static int read_text(struct reader *r, const char **text, uint32_t *n, uint8_t *is_plain)
{
	char *start = r->at + 1, *to = start;
	int plain = 1;

	for (r->at = start; r->at < r->end;) {
		unsigned char c = (unsigned char)*r->at;

		if (c == '"') {
			r->at++;
			*to = 0;
			*text = start;
			*n = (uint32_t)(to - start);
			*is_plain = (uint8_t)plain;
			return 1;
		}
		if (c == '\\') {
			to = read_escape(r, to, &plain);
			if (!to) {
				fail(r, "a bad escape in a text");
				return 0;
			}
		} else if (c < 0x20) {
			fail(r, "a control character in a text");
			return 0;
		} else if (c < 0x80) {
			plain &= c != 0x7f;
			*to++ = *r->at++;
		} else {
			size_t k = character((unsigned char *)r->at, (size_t)(r->end - r->at));

			if (!k) {
				fail(r, "a text that is no UTF-8");
				return 0;
			}
			plain = 0;
			memmove(to, r->at, k);
			to += k;
			r->at += k;
		}
	}
	fail(r, "a text without an end");
	return 0;
}

static const char *digits(const char *s, const char *end)
{
	while (s < end && *s >= '0' && *s <= '9')
		s++;
	return s;
}

static struct jr_value *read_number(struct reader *r, struct jr_value *v)
{
	const char *s = r->at, *whole, *after;
	int negative = *s == '-', fits = 1;
	uint64_t value = 0;

	whole = s += negative;
	after = digits(s, r->end);
	if (after == whole || (*whole == '0' && after - whole > 1))
		return fail(r, "a bad number");
	for (; s < after; s++)
		fits &= !__builtin_mul_overflow(value, (uint64_t)10, &value) && !__builtin_add_overflow(value, (uint64_t)(*s - '0'), &value);
	v->type = JR_INTEGER;
	if (s < r->end && *s == '.') {
		after = digits(s + 1, r->end);
		if (after == s + 1)
			return fail(r, "a bad number");
		s = after;
		v->type = JR_NUMBER;
	}
	if (s < r->end && (*s | 32) == 'e') {
		s++;
		s += s < r->end && (*s == '+' || *s == '-');
		after = digits(s, r->end);
		if (after == s)
			return fail(r, "a bad number");
		s = after;
		v->type = JR_NUMBER;
	}
	if (!fits || value > (uint64_t)INT64_MAX)
		v->type = JR_NUMBER;
	v->integer = v->type == JR_INTEGER ? (negative ? -(int64_t)value : (int64_t)value) : 0;
	r->at = (char *)s;
	return v;
}

static struct jr_value *read_word(struct reader *r, struct jr_value *v)
{
	static const struct {
		const char *word;
		size_t n;
		enum jr_type type;
	} words[] = { { "true", 4, JR_TRUE }, { "false", 5, JR_FALSE }, { "null", 4, JR_NULL } };

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((size_t)(r->end - r->at) >= words[i].n && !memcmp(r->at, words[i].word, words[i].n)) {
			r->at += words[i].n;
			v->type = words[i].type;
			return v;
		}
	}
	return fail(r, "no JSON");
}

static struct jr_value *read_value(struct reader *r, int depth);

/* An object's or an array's members, up to its end. */
static struct jr_value *read_members(struct reader *r, struct jr_value *v, char close, int depth)
{
	struct jr_value **link = &v->first;

	r->at++;
	skip_blanks(r);
	if (r->at < r->end && *r->at == close) {
		r->at++;
		return v;
	}
	for (;;) {
		const char *key = NULL;
		uint32_t nkey = 0;
		uint8_t plain;

		skip_blanks(r);
		if (close == '}') {
			if (r->at == r->end || *r->at != '"')
				return fail(r, "a member without a name");
			if (!read_text(r, &key, &nkey, &plain))
				return NULL;
			skip_blanks(r);
			if (r->at == r->end || *r->at != ':')
				return fail(r, "a name without a value");
			r->at++;
		}
		*link = read_value(r, depth + 1);
		if (!*link)
			return NULL;
		(*link)->key = key;
		(*link)->nkey = nkey;
		link = &(*link)->next;
		skip_blanks(r);
		if (r->at < r->end && *r->at == ',') {
			r->at++;
		} else if (r->at < r->end && *r->at == close) {
			r->at++;
			return v;
		} else {
			return fail(r, r->at == r->end ? "it ends in the middle" : "no comma between two values");
		}
	}
}

static struct jr_value *read_value(struct reader *r, int depth)
{
	struct jr_value *v;

	skip_blanks(r);
	if (r->at == r->end)
		return fail(r, "it ends in the middle");
	if (depth > DEEPEST)
		return fail(r, "it is nested too deeply");
	v = arena_take(r->arena, sizeof(*v));
	switch (*r->at) {
	case '{':
		v->type = JR_OBJECT;
		return read_members(r, v, '}', depth);
	case '[':
		v->type = JR_ARRAY;
		return read_members(r, v, ']', depth);
	case '"':
		v->type = JR_TEXT;
		return read_text(r, &v->text, &v->n, &v->plain) ? v : NULL;
	case '-':
	case '0' ... '9':
		return read_number(r, v);
	default:
		return read_word(r, v);
	}
}

struct jr_value *jr_read(struct arena *a, char *text, size_t n, const char **why, size_t *at)
{
	struct reader r = { a, text, text + n, NULL };
	struct jr_value *v = n < UINT32_MAX ? read_value(&r, 0) : fail(&r, "it is too long");

	if (v) {
		skip_blanks(&r);
		if (r.at != r.end)
			v = fail(&r, "something follows it");
	}
	*why = r.why;
	*at = (size_t)(r.at - text);
	return v;
}

const struct jr_value *jr_get(const struct jr_value *v, const char *key)
{
	size_t n = strlen(key);

	if (!v || v->type != JR_OBJECT)
		return NULL;
	for (v = v->first; v; v = v->next) {
		if (v->nkey == n && !memcmp(v->key, key, n))
			return v;
	}
	return NULL;
}

int64_t jr_integer(const struct jr_value *v, int64_t otherwise)
{
	return v && v->type == JR_INTEGER ? v->integer : otherwise;
}

int jr_is(const struct jr_value *v, const char *text)
{
	return v && v->type == JR_TEXT && v->n == strlen(text) && !memcmp(v->text, text, v->n);
}
