/* SPDX-License-Identifier: MIT */
/*
 * trace_profile.c - `race profile`: where operations and waiting go, per map, operation and lock; what grows; what was slow; what to do.
 *
 * Times of operations are without those inside them and without librace's own pauses. A wait is a call for a lock that took WAITED_NS or
 * longer. The histogram of a map counts each of its operations once, by the longest wait for a lock that it held.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace_parts.h"
#include "trace_profile.h"
#include "../util/room.h"

static const int64_t wait_limits[WAITS] = { WAITED_NS, 10000, 100000, 1000000, 10000000, INT64_MAX };
const char *const wait_words[WAITS] = { "none", "to 10 us", "to 100 us", "to 1 ms", "to 10 ms", "longer" };

static unsigned wait_class(int64_t ns)
{
	unsigned i = 0;

	while (ns >= wait_limits[i])
		i++;
	return i;
}

static struct op_row *op_row(struct map_row *m, uint32_t op)
{
	for (uint32_t i = 0; i < m->nops; i++) {
		if (m->ops[i].op == op)
			return &m->ops[i];
	}
	m->ops = room_grow(m->ops, m->nops, sizeof(*m->ops));
	memset(&m->ops[m->nops], 0, sizeof(*m->ops));
	m->ops[m->nops].op = op;
	return &m->ops[m->nops++];
}

static void slow_add(struct profile *p, const char *what, uint32_t slice, uint32_t hold, uint32_t resize, int64_t ns)
{
	p->slow = room_grow(p->slow, p->nslow, sizeof(*p->slow));
	p->slow[p->nslow++] = (struct slow_row){ what, slice, hold, resize, ns };
}

static int by_growth(const void *a, const void *b)
{
	const struct map_row *x = a, *y = b;

	if (x->growth != y->growth)
		return x->growth > y->growth ? -1 : 1;
	if (x->calls != y->calls)
		return x->calls > y->calls ? -1 : 1;
	return x->map < y->map ? -1 : 1;
}

static int by_wait(const void *a, const void *b)
{
	const struct lock_row *x = a, *y = b;

	if (x->wait_ns != y->wait_ns)
		return x->wait_ns > y->wait_ns ? -1 : 1;
	return x->takes != y->takes ? (x->takes > y->takes ? -1 : 1) : (x->lock > y->lock) - (x->lock < y->lock);
}

static int by_length(const void *a, const void *b)
{
	const struct slow_row *x = a, *y = b;

	return x->ns != y->ns ? (x->ns > y->ns ? -1 : 1) : (x->slice > y->slice) - (x->slice < y->slice);
}

static void count_op(struct profile *p, const struct trace *t, uint32_t i, int64_t slow)
{
	const struct trace_slice *s = &t->slices[i];
	struct map_row *m = &p->maps[s->map];
	struct op_row *o;

	if (s->created) {
		m->born = 1;
		return;
	}
	o = op_row(m, s->id);
	o->calls++;
	o->ns += s->own;
	if (s->own > o->longest)
		o->longest = s->own;
	m->calls++;
	m->ns += s->own;
	m->waited += s->waited;
	m->wait[wait_class(s->wait)]++;
	m->dies |= t->ops[s->id].role == ROLE_DESTROY_NUMBER;
	p->calls++;
	p->ns += s->own;
	if (slow >= 0 && s->own >= slow)
		slow_add(p, "operation", i, NOT_KNOWN, NOT_KNOWN, s->own);
}

static void count_call(struct profile *p, const struct trace *t, uint32_t i, int64_t slow)
{
	const struct trace_slice *s = &t->slices[i];
	const struct trace_callee *c = &t->calls[s->id];
	int64_t ns = s->end - s->begin;
	struct lock_row *l;

	p->category_calls[c->category]++;
	if (s->again || s->lock == NOT_KNOWN || (c->role != CALL_TAKE && c->role != CALL_TAKE_SHARED))
		return;
	l = &p->locks[s->lock];
	if (!s->ok) {
		l->failed++;
		return;
	}
	l->takes++;
	l->call = c->name;
	if (!s->waited)
		return;
	l->waits++;
	l->wait_ns += ns;
	if (ns > l->longest_wait)
		l->longest_wait = ns;
	p->wait_ns += ns;
	p->waits++;
	if (slow >= 0 && ns >= slow)
		slow_add(p, "wait", i, NOT_KNOWN, NOT_KNOWN, ns);
}

void profile_make(struct profile *p, struct trace *t, const struct trace_filter *f, const struct profile_options *o)
{
	memset(p, 0, sizeof(*p));
	p->t = t;
	p->nmaps = t->nmaps;
	p->nlocks = t->nlocks;
	p->maps = room((size_t)t->nmaps + 1, sizeof(*p->maps));
	p->locks = room((size_t)t->nlocks + 1, sizeof(*p->locks));
	for (uint32_t i = 0; i < t->nmaps; i++) {
		p->maps[i].map = i;
		if (t->maps[i].first_entries >= 0)
			p->maps[i].growth = t->maps[i].last_entries - t->maps[i].first_entries;
	}
	for (uint32_t i = 0; i < t->nlocks; i++)
		p->locks[i].lock = i;
	for (uint32_t i = 0; i < t->nslices; i++) {
		if (!filter_slice(f, t, &t->slices[i]))
			continue;
		if (t->slices[i].kind == SLICE_OP)
			count_op(p, t, i, o->slow);
		else if (t->slices[i].kind == SLICE_CALL)
			count_call(p, t, i, o->slow);
		else
			p->paused_ns += t->slices[i].end - t->slices[i].begin;
	}
	for (uint32_t i = 0; i < t->nholds && !f->map && !f->op && !f->lib && f->window < 0; i++) {
		const struct trace_hold *h = &t->holds[i];
		int64_t ns = h->end - h->begin;

		if (!filter_lane(f, t, h->lane) || !filter_time(f, h->begin, h->end))
			continue;
		p->locks[h->lock].hold_ns += ns;
		if (ns > p->locks[h->lock].longest_hold)
			p->locks[h->lock].longest_hold = ns;
		if (o->slow >= 0 && ns >= o->slow)
			slow_add(p, "hold", NOT_KNOWN, i, NOT_KNOWN, ns);
	}
	for (uint32_t i = 0; i < t->nresizes; i++) {
		const struct trace_slice *s = &t->slices[t->resizes[i].slice];

		if (o->slow >= 0 && s->own >= o->slow && filter_slice(f, t, s))
			slow_add(p, "resize", t->resizes[i].slice, NOT_KNOWN, i, s->own);
	}
	qsort(p->maps, p->nmaps, sizeof(*p->maps), by_growth);
	qsort(p->locks, p->nlocks, sizeof(*p->locks), by_wait);
	if (p->nslow)
		qsort(p->slow, p->nslow, sizeof(*p->slow), by_length);
}

void profile_free(struct profile *p)
{
	for (uint32_t i = 0; i < p->nmaps; i++)
		free(p->maps[i].ops);
	free(p->maps);
	free(p->locks);
	free(p->slow);
}

/* ---- hints ---------------------------------------------------------------------------------------------------------------------------------- */

#define GREW_OFTEN 3
#define SHORT_LIVES 100

/* Maps that were made at the same place, used little, and ended. */
static uint32_t short_lived(const struct profile *p, uint32_t stack)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->nmaps; i++)
		n += p->t->maps[p->maps[i].map].created_stack == stack && p->maps[i].dies;
	return n;
}

uint32_t profile_hints(const struct profile *p, struct hint *out, uint32_t max)
{
	const struct trace *t = p->t;
	struct table told = { 0 };
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->nmaps && n < max; i++) {
		const struct map_row *m = &p->maps[i];
		const struct trace_map *k = &t->maps[m->map];
		uint32_t grew = k->resizes - k->shrinks, made;

		if (!m->calls)
			continue;
		if (grew >= GREW_OFTEN)
			out[n++] = (struct hint){ "reserve", m->map, grew, k->most_entries, k->resize_ns };
		if (n < max && m->waited >= 10 && m->waited * 20 >= m->calls)
			out[n++] = (struct hint){ "shard", m->map, (uint32_t)m->waited, (int64_t)m->calls, 0 };
		if (n < max && m->dies && k->created_stack != NOT_KNOWN && table_get(&told, k->created_stack) == NOT_KNOWN) {
			table_set(&told, k->created_stack, 0);
			made = short_lived(p, k->created_stack);
			if (made >= SHORT_LIVES)
				out[n++] = (struct hint){ "reuse", m->map, made, 0, 0 };
		}
	}
	free(told.keys);
	free(told.values);
	return n;
}
