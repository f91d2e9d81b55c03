/* SPDX-License-Identifier: MIT */
/*
 * context.c - context strings: a ring of the last ones set, so that a program may set a new one for each request.
 *
 * Locks     contexts_lock guards the ring. A number is never used again; what was overwritten is told as lost.
 */
#include "state.h"

#define CONTEXTS 4096
#define CONTEXT_TEXT 64

struct lock contexts_lock;

static struct context {
	uint32_t number;
	char text[CONTEXT_TEXT];
} *ring;
static uint32_t last, limit;

int contexts_init(int small)
{
	if (!ring)
		ring = os_map(CONTEXTS * sizeof(*ring));
	else
		memset(ring, 0, CONTEXTS * sizeof(*ring));
	last = 0;
	limit = small ? 8 : CONTEXTS;
	return ring ? 0 : -1;
}

uint32_t context_set(struct race_thread *t, const char *text)
{
	struct context *c;
	size_t n;

	if (!text) {
		t->context = 0;
		return 0;
	}
	n = strnlen(text, CONTEXT_TEXT - 1);
	lock_take(&contexts_lock);
	c = &ring[t->context % limit];
	if (!t->context || c->number != t->context || strncmp(c->text, text, n) || c->text[n]) {
		if (++last == 0)
			last = 1;
		c = &ring[last % limit];
		c->number = t->context = last;
		memset(c->text, 0, sizeof(c->text));
		memcpy(c->text, text, n);
	}
	lock_drop(&contexts_lock);
	return t->context;
}

int context_text(uint32_t context, char *to, size_t cap)
{
	const struct context *c = &ring[context % limit];
	int found;

	lock_take(&contexts_lock);
	found = context && cap && c->number == context;
	if (found) {
		size_t n = strnlen(c->text, cap - 1);

		memcpy(to, c->text, n);
		to[n] = 0;
	}
	lock_drop(&contexts_lock);
	return found;
}
