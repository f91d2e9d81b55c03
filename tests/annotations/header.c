/* SPDX-License-Identifier: MIT */
/* header.c - librace.h in every way of compiling and linking: in C89 and C++, called from a program and from a
 * library. */
#include "../../include/librace.h"

#include <stdio.h>

static int table[4];

#ifdef PART_LIBRARY
#ifdef __cplusplus
extern "C"
#endif
	int
	library_part(void);
int library_part(void)
#else
int main(void)
#endif
{
	const char *version = race_version();
	int key = 5;

	race_map_create(table, "kind", RACE_BUCKET_LOCKED);
	race_label(table, "label");
	race_begin(table, RACE_OP_INSERT, 3, &key, RACE_KEY_INT);
	race_end(table);
	if (version)
		race_iterate_begin(table);
	else
		race_resize_begin(table);
	race_iterate_end(table);
	race_acquire(table);
	race_release(table);
	race_ignore_begin();
	race_ignore_end();
	race_context("context");
	race_context(0);
	race_map_destroy(table);
	printf("%s\n", version ? version : "absent");
	return 0;
}
