/* SPDX-License-Identifier: MIT */
/*
 * arena.c - chunks that double up to a limit; a large request has one of its own.
 */
#include "arena.h"
#include "room.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST ((size_t)64 << 10)
#define LARGEST ((size_t)1 << 20)

struct arena_chunk {
	struct arena_chunk *older;
	size_t bytes;
	max_align_t data[];
};

void *arena_take(struct arena *a, size_t bytes)
{
	size_t need = (bytes + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1), size;
	struct arena_chunk *c = a->chunk;
	void *p;

	if (!c || c->bytes - a->used < need) {
		size = !c ? FIRST : c->bytes < LARGEST ? c->bytes * 2 : LARGEST;
		if (size < need)
			size = need;
		if (need < bytes || !(c = room(1, sizeof(*c) + size)))
			room_none();
		c->older = a->chunk;
		c->bytes = size;
		a->chunk = c;
		a->used = 0;
	}
	p = (char *)c->data + a->used;
	a->used += need;
	return memset(p, 0, bytes);
}

char *arena_copy(struct arena *a, const char *text, size_t n)
{
	char *to = arena_take(a, n + 1);

	if (n)
		memcpy(to, text, n);
	return to;
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *c = a->chunk;

	while (c && (c->older || c->bytes > LARGEST)) {
		a->chunk = c->older;
		free(c);
		c = a->chunk;
	}
	a->used = 0;
}

void arena_free(struct arena *a)
{
	while (a->chunk) {
		struct arena_chunk *c = a->chunk;

		a->chunk = c->older;
		free(c);
	}
	a->used = 0;
}
