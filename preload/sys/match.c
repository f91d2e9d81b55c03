/* SPDX-License-Identifier: MIT */
/*
 * match.c - text in: numbers, globs, the nearest name, the last part of a path. The other half of fmt.h.
 *
 * Must not  allocate, recurse or look at the locale; the inputs are foreign text and need no NUL.
 */
#include <string.h>

#include "fmt.h"

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

int parse_u64(const char *s, size_t n, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t value = 0, base = 10;

	if (n > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
		n -= 2;
	}
	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t d = (uint64_t)digit_of(s[i]);

		if (d >= base || value > (UINT64_MAX - d) / base)
			return 0;
		value = value * base + d;
	}
	if (value < min || value > max)
		return 0;
	*out = value;
	return 1;
}

int glob_match(const char *pattern, size_t np, const char *s, size_t ns)
{
	size_t p = 0, i = 0, star = np, from = 0;

	while (i < ns) {
		if (p < np && pattern[p] == '*') {
			star = p++;
			from = i;
		} else if (p < np && (pattern[p] == '?' || pattern[p] == s[i])) {
			p++;
			i++;
		} else if (star < np) {
			/* Let the last star take one byte more; earlier stars need no second look. */
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

#define EDIT_MAX 32

unsigned edit_distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned char row[EDIT_MAX + 1];

	if (na > EDIT_MAX)
		na = EDIT_MAX;
	if (nb > EDIT_MAX)
		nb = EDIT_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned char)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned char)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1u < best)
				best = row[j] + 1u;
			if (row[j - 1] + 1u < best)
				best = row[j - 1] + 1u;
			row[j] = (unsigned char)best;
		}
	}
	return row[nb];
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
