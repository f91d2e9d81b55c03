/* SPDX-License-Identifier: MIT */
/*
 * trace_analyse.c - what needs the whole trace: growth and resizes of maps, and which slices a finding is about.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../preload/engine/record.h"
#include "../../preload/sys/fmt.h"
#include "trace_parts.h"
#include "../util/room.h"

static int by_begin(const void *a, const void *b)
{
	const struct trace_slice *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1; /* the outer one first */
	return x->kind < y->kind ? -1 : x->kind > y->kind;
}

static const struct trace_slice *all; /* for the comparison */

static int by_end(const void *a, const void *b)
{
	const struct trace_slice *x = &all[*(const uint32_t *)a], *y = &all[*(const uint32_t *)b];

	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

static void resized(struct trace *t, struct trace_map *m, uint32_t slice, uint32_t from, uint32_t to)
{
	const struct trace_slice *s = &t->slices[slice];
	struct trace_resize *r;

	t->resizes = room_grow(t->resizes, t->nresizes, sizeof(*t->resizes));
	r = &t->resizes[t->nresizes++];
	r->at = s->end;
	r->map = s->map;
	r->slice = slice;
	r->from = from;
	r->to = to;
	m->resizes++;
	m->shrinks += to < from;
	m->resize_ns += s->own;
}

/* What a map loses while it is destroyed is no shrinking. */
static void find_ends(struct trace *t)
{
	for (uint32_t i = 0; i < t->nmaps; i++)
		t->maps[i].dies_at = INT64_MAX;
	for (uint32_t i = 0; i < t->nslices; i++) {
		const struct trace_slice *s = &t->slices[i];

		if (s->kind == SLICE_OP && t->ops[s->id].role == ROLE_DESTROY_NUMBER && s->begin < t->maps[s->map].dies_at)
			t->maps[s->map].dies_at = s->begin;
	}
}

/* In the order in which the operations ended. */
static void follow_maps(struct trace *t)
{
	uint32_t *order = room((size_t)t->nslices + 1, sizeof(*order)), n = 0;

	for (uint32_t i = 0; i < t->nslices; i++) {
		if (t->slices[i].kind == SLICE_OP)
			order[n++] = i;
	}
	all = t->slices;
	find_ends(t);
	qsort(order, n, sizeof(*order), by_end);
	for (uint32_t i = 0; i < n; i++) {
		const struct trace_slice *s = &t->slices[order[i]];
		struct trace_map *m = &t->maps[s->map];

		m->ops += !s->created;
		m->writes += !s->created && s->write;
		m->ns += s->own;
		if (!m->kind[0])
			memcpy(m->kind, t->ops[s->id].kind, sizeof(m->kind));
		if (s->begin >= m->dies_at)
			continue;
		if (s->entries != TRACE_UNKNOWN && !s->unfinished && !s->created) {
			if (m->first_entries < 0) {
				m->first_entries = s->entries;
				m->first_at = s->end;
			}
			m->last_entries = s->entries;
			m->last_at = s->end;
			if (m->most_entries < (int64_t)s->entries)
				m->most_entries = s->entries;
		}
		if (s->buckets && !s->unfinished) {
			if (!m->first_buckets)
				m->first_buckets = s->buckets;
			if (m->buckets && m->buckets != s->buckets)
				resized(t, m, order[i], m->buckets, s->buckets);
			m->buckets = s->buckets;
		}
	}
	free(order);
}

/* The operation of that thread on that map that had begun last: the one that was going on, or had just ended, when it was found. */
static uint32_t slice_of(const struct trace *t, uint32_t lane, uint32_t map, int64_t at)
{
	uint32_t lo = 0, hi = t->nslices;

	if (lane == NOT_KNOWN || at < 0)
		return NOT_KNOWN;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (t->slices[mid].begin <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo-- > 0) {
		const struct trace_slice *s = &t->slices[lo];

		if (s->kind == SLICE_OP && s->lane == lane && s->map == map)
			return lo;
	}
	return NOT_KNOWN;
}

static void place_conflicts(struct trace *t)
{
	for (uint32_t i = 0; i < t->nconflicts; i++) {
		struct trace_conflict *c = &t->conflicts[i];
		uint64_t address = (uint64_t)c->overlap;
		uint32_t best = NOT_KNOWN;

		c->overlap = 0;
		c->now_stack = table_get(&t->stack_of, c->now_stack);
		c->before_stack = table_get(&t->stack_of, c->before_stack);
		/* which of the maps that had that address */
		for (uint32_t m = 0; m < t->nmaps; m++) {
			uint32_t s;

			if (t->maps[m].address != address)
				continue;
			s = slice_of(t, c->now_lane, m, c->now_at);
			if (c->map == NOT_KNOWN || (s != NOT_KNOWN && (best == NOT_KNOWN || s > best))) {
				c->map = m;
				best = s;
			}
		}
		if (c->map == NOT_KNOWN)
			c->map = map_get(t, address, 0);
		t->maps[c->map].findings++;
		c->now_slice = best;
		c->before_slice = slice_of(t, c->before_lane, c->map, c->before_at);
		if (c->now_slice != NOT_KNOWN && c->before_slice != NOT_KNOWN) {
			const struct trace_slice *a = &t->slices[c->now_slice], *b = &t->slices[c->before_slice];
			int64_t from = a->begin > b->begin ? a->begin : b->begin, to = a->end < b->end ? a->end : b->end;

			c->overlap = to - from;
		}
	}
}

void trace_analyse(struct trace *t)
{
	if (t->nslices)
		qsort(t->slices, t->nslices, sizeof(*t->slices), by_begin);
	for (uint32_t i = 0; i < t->nlanes; i++) {
		struct trace_lane *l = &t->lanes[i];

		if (l->stack != NOT_KNOWN)
			l->stack = table_get(&t->stack_of, l->stack);
	}
	for (uint32_t i = 0; i < t->nmaps; i++) {
		if (t->maps[i].created_stack != NOT_KNOWN)
			t->maps[i].created_stack = table_get(&t->stack_of, t->maps[i].created_stack);
	}
	follow_maps(t);
	place_conflicts(t);
}

/* ---- names ---------------------------------------------------------------------------------------------------------------------------------- */

const char *role_name(uint32_t role)
{
	static const char *const names[] = { "create", "destroy", "insert", "lookup", "remove", "update", "iterate", "resize", "clear" };

	return role < sizeof(names) / sizeof(names[0]) ? names[role] : "?";
}

const char *category_name(uint32_t category)
{
	static const char *const names[CATEGORIES] = { "map", "lock", "thread", "io", "librace" };

	return category < CATEGORIES ? names[category] : "?";
}

const char *slice_name(const struct trace *t, const struct trace_slice *s)
{
	if (s->kind == SLICE_OP)
		return t->ops[s->id].known ? t->ops[s->id].name : "operation";
	if (s->kind == SLICE_CALL)
		return t->calls[s->id].known ? t->calls[s->id].name : "call";
	return s->ok ? "librace: report" : "librace: held";
}

uint32_t slice_category(const struct trace *t, const struct trace_slice *s)
{
	if (s->kind == SLICE_OP)
		return CATEGORY_MAP;
	return s->kind == SLICE_CALL ? t->calls[s->id].category : CATEGORY_LIBRACE;
}

void lane_name(const struct trace *t, uint32_t lane, char *to, size_t cap)
{
	const struct trace_lane *l = &t->lanes[lane], *first;
	uint32_t zero = table_get(&t->lane_of, 0);
	struct buf b = buf_on(to, cap);

	first = zero == NOT_KNOWN ? NULL : &t->lanes[zero];
	if (l->number == 0)
		buf_str(&b, "main thread");
	else
		buf_fmt(&b, "thread %u", l->number);
	if (l->number && l->name[0] && !(first && !strcmp(first->name, l->name)))
		buf_fmt(&b, " \"%s\"", l->name);
}

void map_name(const struct trace *t, uint32_t map, char *to, size_t cap)
{
	const struct trace_map *m = &t->maps[map];
	struct buf b = buf_on(to, cap);

	buf_fmt(&b, "%s 0x%lx", m->kind[0] ? m->kind : "map", (unsigned long)m->address);
	if (m->label[0])
		buf_fmt(&b, " \"%s\"", m->label);
}
