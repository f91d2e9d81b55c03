/* SPDX-License-Identifier: MIT */
/*
 * std_mangled.c - reading as much of a mangled name as is needed to say "std::_Rb_tree<...>::find".
 *
 * The template arguments in between may be any types of the program: they are skipped by the grammar of the Itanium C++ ABI
 * (section "Mangling"), not by looking for what follows. Forms that do not occur in types (expressions) are refused.
 * Invariant  no byte behind the terminating zero is read; nesting is bounded.
 */
#include "std_mangled.h"

#include <string.h>

enum { DEEPEST = 64 };

static const char *skip_type(const char *s, int depth);
static const char *skip_name(const char *s, int depth);

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_number(const char *s)
{
	while (is_digit(*s))
		s++;
	return s;
}

/* <number> <identifier> and ABI tags; sets the identifier. */
static const char *skip_source_name(const char *s, const char **name, size_t *bytes)
{
	size_t n = 0;

	if (!is_digit(*s) || *s == '0')
		return NULL;
	for (; is_digit(*s); s++) {
		n = n * 10 + (size_t)(*s - '0');
		if (n > 4096)
			return NULL;
	}
	if (strnlen(s, n) < n)
		return NULL;
	if (name) {
		*name = s;
		*bytes = n;
	}
	s += n;
	return *s == 'B' ? skip_source_name(s + 1, NULL, NULL) : s;
}

/* S_ S0_ St Sa ...; std:: wants a name behind it. */
static const char *skip_substitution(const char *s)
{
	if (s[1] >= 'a' && s[1] <= 'z')
		return s[1] == 't' ? skip_source_name(s + 2, NULL, NULL) : s + 2;
	for (s++; is_digit(*s) || (*s >= 'A' && *s <= 'Z'); s++)
		;
	return *s == '_' ? s + 1 : NULL;
}

/* T_ T0_ and the _ behind numbers of lambdas */
static const char *skip_index(const char *s)
{
	s = skip_number(s);
	return *s == '_' ? s + 1 : NULL;
}

/* L <type> <value> E; external names are refused */
static const char *skip_literal(const char *s, int depth)
{
	if (s[1] == '_')
		return NULL;
	s = skip_type(s + 1, depth);
	if (!s)
		return NULL;
	while (*s && *s != 'E')
		s++;
	return *s ? s + 1 : NULL;
}

/* I <arguments> E, also J <arguments> E */
static const char *skip_arguments(const char *s, int depth)
{
	if (depth > DEEPEST)
		return NULL;
	for (s++; s && *s != 'E';) {
		if (*s == 'L')
			s = skip_literal(s, depth + 1);
		else if (*s == 'J')
			s = skip_arguments(s, depth + 1);
		else
			s = skip_type(s, depth + 1);
	}
	return s ? s + 1 : NULL;
}

/* Ul <types> E [number] _   Ut [number] _ */
static const char *skip_unnamed(const char *s, int depth)
{
	if (s[1] == 't')
		return skip_index(s + 2);
	if (s[1] != 'l')
		return NULL;
	for (s += 2; s && *s != 'E';)
		s = skip_type(s, depth + 1);
	return s ? skip_index(s + 1) : NULL;
}

/* N [qualifiers] parts E */
static const char *skip_nested(const char *s, int depth)
{
	if (depth > DEEPEST)
		return NULL;
	for (s++; *s == 'K' || *s == 'V' || *s == 'r' || *s == 'R' || *s == 'O';)
		s++;
	while (s && *s != 'E') {
		if (*s == 'S')
			s = s[1] == 't' ? s + 2 : skip_substitution(s);
		else if (*s == 'I')
			s = skip_arguments(s, depth + 1);
		else if (*s == 'T')
			s = skip_index(s + 1);
		else if (*s == 'U')
			s = skip_unnamed(s, depth + 1);
		else if ((*s == 'C' || *s == 'D') && is_digit(s[1]))
			s += 2;
		else if (*s == 'L')
			s++; /* of internal linkage */
		else if (is_digit(*s))
			s = skip_source_name(s, NULL, NULL);
		else if (*s >= 'a' && *s <= 'z' && s[1] >= 'A' && s[1] <= 'z' && !(s[0] == 'c' && s[1] == 'v'))
			s += 2; /* an operator */
		else
			return NULL;
	}
	return s ? s + 1 : NULL;
}

/* Z <function> E <entity>   Z <function> E d [number] _ <entity>   each with an optional _ number behind */
static const char *skip_local(const char *s, int depth)
{
	if (depth > DEEPEST)
		return NULL;
	s = skip_name(s + 1, depth + 1);
	while (s && *s != 'E')
		s = skip_type(s, depth + 1); /* result and parameters */
	if (!s)
		return NULL;
	s++;
	if (*s == 'd')
		s = skip_index(s + 1);
	if (!s)
		return NULL;
	s = *s == 's' ? s + 1 : skip_name(s, depth + 1);
	if (s && *s == '_')
		s = s[1] == '_' ? skip_index(s + 2) : is_digit(s[1]) ? s + 2 : NULL;
	return s;
}

static const char *skip_name(const char *s, int depth)
{
	if (depth > DEEPEST)
		return NULL;
	if (*s == 'N')
		return skip_nested(s, depth + 1);
	if (*s == 'Z')
		return skip_local(s, depth + 1);
	if (*s == 'U')
		return skip_unnamed(s, depth + 1);
	if (*s == 'L')
		s++;
	s = *s == 'S' ? skip_substitution(s) : skip_source_name(s, NULL, NULL);
	return s && *s == 'I' ? skip_arguments(s, depth + 1) : s;
}

static const char *skip_function_type(const char *s, int depth)
{
	for (s++; s && *s != 'E';)
		s = (*s == 'R' || *s == 'O') && s[1] == 'E' ? s + 1 : skip_type(s, depth + 1);
	return s ? s + 1 : NULL;
}

static const char *skip_type(const char *s, int depth)
{
	if (depth > DEEPEST || !*s)
		return NULL;
	switch (*s) {
	case 'P': case 'R': case 'O': case 'K': case 'V': case 'r': case 'C': case 'G':
		return skip_type(s + 1, depth + 1);
	case 'A':
		s = skip_index(s + 1);
		return s ? skip_type(s, depth + 1) : NULL;
	case 'M':
		s = skip_type(s + 1, depth + 1);
		return s ? skip_type(s, depth + 1) : NULL;
	case 'F':
		return skip_function_type(s, depth + 1);
	case 'T':
		return skip_index(s + 1);
	case 'D':
		if (s[1] == 'p')
			return skip_type(s + 2, depth + 1);
		if (s[1] == 'o') /* noexcept */
			return skip_type(s + 2, depth + 1);
		return s[1] && strchr("deafihnsucv", s[1]) && s[1] != 'v' ? s + 2 : NULL;
	case 'u':
		return skip_source_name(s + 1, NULL, NULL);
	case 'v': case 'w': case 'b': case 'c': case 'a': case 'h': case 's': case 't': case 'i': case 'j': case 'l':
	case 'm': case 'x': case 'y': case 'n': case 'o': case 'f': case 'd': case 'e': case 'g': case 'z':
		return s + 1;
	default:
		return skip_name(s, depth + 1);
	}
}

/* Nothing, or for _M_copy .isra.N and .constprop.N, which have the parameters that are used, in their order. */
static int is_whole(const char *s, struct std_name *out)
{
	out->clone = 0;
	s = strchr(s, '.');
	if (!s)
		return 1;
	if (out->nmethod != 7 || memcmp(out->method, "_M_copy", 7))
		return 0;
	for (out->clone = 1; *s;) {
		size_t n = !strncmp(s, ".isra.", 6) ? 6 : !strncmp(s, ".constprop.", 11) ? 11 : 0;

		if (!n || !is_digit(s[n]))
			return 0;
		s = skip_number(s + n);
	}
	return 1;
}

int std_name_parse(const char *s, struct std_name *out)
{
	if (s[0] != '_' || s[1] != 'Z' || s[2] != 'N')
		return 0;
	s += 3;
	if (*s == 'K')
		s++;
	if (s[0] != 'S' || s[1] != 't' || !is_digit(s[2]))
		return 0;
	out->scope = s;
	s = skip_source_name(s + 2, NULL, NULL);
	if (s && is_digit(*s))
		s = skip_source_name(s, NULL, NULL);
	if (!s || *s != 'I')
		return 0;
	out->nscope = (size_t)(s - out->scope);
	s = skip_arguments(s, 0);
	if (!s)
		return 0;
	if (is_digit(*s)) {
		s = skip_source_name(s, &out->method, &out->nmethod);
	} else if (*s >= 'a' && *s <= 'z' && ((s[1] >= 'A' && s[1] <= 'Z') || (s[1] >= 'a' && s[1] <= 'z')) &&
		   !(s[0] == 'c' && s[1] == 'v')) {
		out->method = s;
		out->nmethod = 2;
		s += 2;
	} else {
		return 0;
	}
	if (s && *s == 'I')
		s = skip_arguments(s, 0);
	return s && *s == 'E' && is_whole(s, out);
}
