/* SPDX-License-Identifier: MIT */
/*
 * format.c - what the formats share.
 */
#include "format.h"

#include <string.h>

const char *format_path(const struct format_options *o, const char *file)
{
	size_t n = o->source_root ? strlen(o->source_root) : 0;

	while (n > 1 && o->source_root[n - 1] == '/')
		n--;
	if (n && !strncmp(file, o->source_root, n) && (file[n] == '/' || o->source_root[n - 1] == '/')) {
		const char *rest = file + n;

		while (*rest == '/')
			rest++;
		if (*rest)
			return rest;
	}
	while (file[0] == '.' && file[1] == '/' && file[2])
		file += 2;
	return file;
}
