/* SPDX-License-Identifier: MIT */
/*
 * arena.h - memory that is given back all at once.
 */
#ifndef RACE_REPORT_ARENA_H
#define RACE_REPORT_ARENA_H

#include <stddef.h>

struct arena_chunk;

/* All zero is an empty one. */
struct arena {
	struct arena_chunk *chunk; /* the newest; older ones behind it */
	size_t used;
};

/* Aligned for any object, zeroed. Ends the command when there is no memory. */
void *arena_take(struct arena *a, size_t bytes);
char *arena_copy(struct arena *a, const char *text, size_t n);
/* What was taken is gone; one chunk is kept for what comes next. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

#endif
