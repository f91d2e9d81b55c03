/* SPDX-License-Identifier: MIT */
/* through.c - libthrough.so: a library between a thread and its map operation, for called_from_lib: suppressions. */

#include <search.h>

void through(const void *key, void **root, int (*compare)(const void *, const void *));
void through(const void *key, void **root, int (*compare)(const void *, const void *))
{
	tsearch(key, root, compare);
	__asm__ volatile("" ::: "memory");
}
