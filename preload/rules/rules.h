/* SPDX-License-Identifier: MIT */
/*
 * rules.h - maps and locks that only their user can name: the file of the option `rules`.
 *
 *   struct rule   one line of the file, as written: which function of which module, what it does, where its map is
 *   parse.c       text -> rules; pure
 *   match.c       a module that has come -> which function gets which rule; tell.c: which does not, and why
 *   rules.c       the rules of this process, and the records of functions that have one
 *   calls.c       what such a function does when it is called
 *
 * docs/RULES.md has the grammar for users.
 */
#ifndef RACE_RULES_H
#define RACE_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "../engine/op.h"
#include "../sys/fmt.h"

#define RULES 512           /* lines with a rule; more are left out, and told */
#define RULES_BYTES (1 << 20) /* of the file */
#define RULE_ARGS 12        /* arg0 ... arg11 */
#define RULE_NO_ARG 0xff

/* Roles of maps are those of the engine. */
enum { RULE_ACQUIRE = ROLE_CLEAR + 1, RULE_RELEASE, RULE_ROLES };

/* A piece of the file's text, which lives as long as its rules. */
struct rule_text {
	const char *s;
	uint32_t n;
};

enum rule_place_kind { PLACE_ARG, PLACE_DEREF, PLACE_GLOBAL, PLACE_RESULT };
struct rule_place {
	uint8_t kind, arg;
	int32_t offset;          /* PLACE_DEREF: the word at arg + offset */
	struct rule_text global; /* PLACE_GLOBAL */
};

enum rule_key { RULE_KEY_NONE, RULE_KEY_POINTER, RULE_KEY_INT, RULE_KEY_LONG, RULE_KEY_STRING, RULE_KEY_COUNTED };
enum rule_when { WHEN_ALWAYS, WHEN_ZERO, WHEN_NOT_ZERO };

struct rule {
	struct rule_text module, symbol, source; /* source: of file=; n 0: none */
	uint32_t line, column;                   /* column of symbol, in bytes, from 1 */
	struct rule_place place;                 /* of the map or of the lock */
	uint8_t role;
	uint8_t key, key_arg, length_arg, bucket_arg; /* arguments: RULE_NO_ARG none */
	uint8_t access;                          /* enum race_access_type; ACCESS_NONE: that of the role */
	uint8_t contract;
	uint8_t read_mode, when;
	uint8_t module_glob, symbol_glob;        /* * or ? is in it */
};

struct rules {
	const char *path;
	uint32_t n;
	uint32_t bad;      /* lines that were told, and left out */
	uint32_t left_out; /* rules beyond RULES */
	struct rule rule[RULES];
};

/* Fills out from the text, which must live as long as out. complain gets one complete line for each bad line of the file. */
void rules_parse(struct rules *out, const char *path, const char *text, size_t bytes, void (*complain)(const char *line));

/* How each complaint about a rules file begins: librace: rules=PATH:LINE:COLUMN: */
void rules_place(struct buf *b, const char *path, uint32_t line, uint32_t column);
/* Foreign text in a complaint: quoted, cut where it gets long. */
void rules_quote(struct buf *b, const char *s, size_t n);
/* The name nearest to s among n others, when it is near enough to be a slip; NULL. */
const char *rules_nearest(const char *s, size_t bytes, const char *const *names, unsigned n);

static inline uint32_t rules_hash(const char *s, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h ^ h >> 15;
}

static inline int rule_text_is(struct rule_text a, const char *s, size_t n)
{
	return a.n == n && __builtin_memcmp(a.s, s, n) == 0;
}

#endif
