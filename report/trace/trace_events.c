/* SPDX-License-Identifier: MIT */
/*
 * trace_events.c - from events to slices: pairs begins with ends, keeps the locks that each thread holds.
 *
 * Lanes     a chunk begins with the events of one thread; others may follow in it. A lane's events come in the order in which they
 *           happened, so that what it holds at a begin is what was taken before.
 */
#include <stdlib.h>
#include <string.h>

#include "../../preload/sys/fmt.h"
#include "trace_parts.h"
#include "../util/room.h"

#define SEARCH 64

/* What is open of each lane. */
static struct open {
	struct {
		uint32_t slice, frame;
		int64_t inner; /* ns in it that other operations and librace took */
	} *at;
	uint32_t n;
	struct {
		uint64_t object;
		int64_t begin;
		uint8_t role;
	} last;
} *opens;
static uint32_t nopens;

void trace_events_begin(struct trace *t)
{
	(void)t;
	opens = NULL;
	nopens = 0;
}

static struct open *open_of(uint32_t lane)
{
	while (nopens <= lane) {
		opens = room_grow(opens, nopens, sizeof(*opens));
		memset(&opens[nopens++], 0, sizeof(*opens));
	}
	return &opens[lane];
}

static struct trace_slice *slice_add(struct trace *t, enum slice_kind kind, uint32_t lane, int64_t begin, int64_t end)
{
	struct trace_slice *s;

	t->slices = room_grow(t->slices, t->nslices, sizeof(*t->slices));
	s = &t->slices[t->nslices++];
	memset(s, 0, sizeof(*s));
	s->kind = (uint8_t)kind;
	s->lane = lane;
	s->begin = begin < end ? begin : end;
	s->end = end;
	s->own = s->end - s->begin;
	s->stack = s->map = s->lock = NOT_KNOWN;
	s->entries = TRACE_UNKNOWN;
	return s;
}

/* ---- operations ----------------------------------------------------------------------------------------------------------------------- */

static void op_begin(struct trace *t, uint32_t lane, const struct trace_event *e, int64_t at)
{
	struct open *o = open_of(lane);
	struct trace_slice *s = slice_add(t, SLICE_OP, lane, at, at);
	const struct trace_lane *l = &t->lanes[lane];

	s->id = e->id;
	s->object = e->object;
	s->stack = table_get(&t->stack_of, e->stack);
	s->map = map_get(t, e->object, e->a >> 8);
	s->write = e->flags & 1;
	s->held = (uint8_t)e->a;
	for (uint32_t i = 0; i < l->nheld; i++) {
		s->waited |= l->held[i].waited;
		if (l->held[i].wait > s->wait)
			s->wait = l->held[i].wait;
	}
	if (e->type == TRACE_MAP_BEGIN) {
		s->created = 1;
		return;
	}
	s->unfinished = 1;
	o->at = room_grow(o->at, o->n, sizeof(*o->at));
	o->at[o->n].slice = t->nslices - 1;
	o->at[o->n].frame = e->b;
	o->at[o->n++].inner = 0;
}

static void op_close(struct trace *t, struct open *o, uint32_t i, int64_t at)
{
	struct trace_slice *s = &t->slices[o->at[i].slice];

	s->end = at > s->begin ? at : s->begin;
	s->own = s->end - s->begin - o->at[i].inner;
	if (s->own < 0)
		s->own = 0;
	s->unfinished = 0;
	if (i)
		o->at[i - 1].inner += s->end - s->begin;
	memmove(&o->at[i], &o->at[i + 1], (o->n - i - 1) * sizeof(*o->at));
	o->n--;
}

static void op_end(struct trace *t, uint32_t lane, const struct trace_event *e, int64_t at)
{
	struct open *o = open_of(lane);
	uint32_t i = o->n, lowest = o->n > SEARCH ? o->n - SEARCH : 0;
	struct trace_slice *s;

	while (i > lowest && (o->at[i - 1].frame != e->b || t->slices[o->at[i - 1].slice].object != e->object))
		i--;
	if (i == lowest) {
		t->unpaired++;
		return;
	}
	while (o->n > i && o->at[o->n - 1].frame < e->b)
		op_close(t, o, o->n - 1, at); /* left by a jump */
	s = &t->slices[o->at[i - 1].slice];
	s->entries = e->a;
	s->buckets = e->stack;
	op_close(t, o, i - 1, at);
}

/* ---- locks --------------------------------------------------------------------------------------------------------------------------------- */

static void hold(struct trace_lane *l, uint64_t lock, int64_t since, int shared, int64_t wait)
{
	struct trace_lock_held *h;

	if (l->nheld == l->held_room) {
		l->held = room_again(l->held, l->held_room ? l->held_room * 2 : 4, sizeof(*l->held));
		l->held_room = l->held_room ? l->held_room * 2 : 4;
	}
	h = &l->held[l->nheld++];
	h->lock = lock;
	h->since = since;
	h->shared = (uint8_t)shared;
	h->wait = wait;
	h->waited = wait > 0;
}

static void let_go(struct trace *t, struct trace_lane *l, uint64_t lock, int64_t at)
{
	uint32_t lowest = l->nheld > SEARCH ? l->nheld - SEARCH : 0;

	for (uint32_t i = l->nheld; i-- > lowest;) {
		uint32_t index;
		struct trace_lock *k;
		int64_t ns;

		if (l->held[i].lock != lock)
			continue;
		index = lock_get(t, lock);
		k = &t->locks[index];
		ns = at > l->held[i].since ? at - l->held[i].since : 0;
		k->holds++;
		k->hold_ns += ns;
		if (ns > k->longest_hold)
			k->longest_hold = ns;
		t->holds = room_grow(t->holds, t->nholds, sizeof(*t->holds));
		t->holds[t->nholds++] = (struct trace_hold){ l->held[i].since, l->held[i].since + ns, (uint32_t)(l - t->lanes), index };
		memmove(&l->held[i], &l->held[i + 1], (l->nheld - i - 1) * sizeof(l->held[0]));
		l->nheld--;
		return;
	}
}

static void took(struct trace *t, struct trace_slice *s, const struct trace_callee *c)
{
	struct trace_lock *k = &t->locks[s->lock];
	int64_t ns = s->end - s->begin;

	k->call = c->name;
	if (!s->ok) {
		k->failed++;
		return;
	}
	k->takes++;
	if (ns >= WAITED_NS) {
		s->waited = 1;
		k->waits++;
		k->wait_ns += ns;
		if (ns > k->longest_wait)
			k->longest_wait = ns;
	}
	hold(&t->lanes[s->lane], s->object, s->end, c->role == CALL_TAKE_SHARED, s->waited ? ns : 0);
}

static void call(struct trace *t, uint32_t lane, const struct trace_event *e, int64_t at)
{
	struct open *o = open_of(lane);
	struct trace_slice *s = slice_add(t, SLICE_CALL, lane, trace_ns(t, e->begin), at);
	const struct trace_callee *c = &t->calls[e->id];

	s->id = e->id;
	s->object = e->object;
	s->stack = e->stack ? table_get(&t->stack_of, e->stack) : NOT_KNOWN;
	s->ok = e->flags & TRACE_OK;
	s->held = (e->flags & TRACE_HOLDS) != 0;
	if (c->known && c->category == CATEGORY_LOCK) {
		/* One lock function that is built from another one of the same lock: the inner one has told. */
		s->again = o->last.object == e->object && o->last.role == c->role && o->last.begin >= s->begin;
		if (c->role == CALL_TAKE || c->role == CALL_TAKE_SHARED || c->role == CALL_GIVE || c->role == CALL_WAIT)
			s->lock = lock_get(t, e->object);
	}
	if (!c->known || s->again)
		return;
	o->last.object = e->object;
	o->last.role = c->role;
	o->last.begin = s->begin;
	if (c->role == CALL_TAKE || c->role == CALL_TAKE_SHARED) {
		took(t, s, c);
	} else if (c->role == CALL_GIVE) {
		let_go(t, &t->lanes[lane], e->object, s->begin);
	} else if (c->role == CALL_WAIT) {
		let_go(t, &t->lanes[lane], e->object, s->begin);
		hold(&t->lanes[lane], e->object, at, 0, 0);
	} else if (c->role == CALL_ACQUIRE) {
		s->waited = s->end - s->begin >= WAITED_NS;
	}
}

/* ---- the rest ------------------------------------------------------------------------------------------------------------------------------- */

static void context(struct trace *t, uint32_t lane, const char *text, uint32_t n, int64_t at)
{
	char raw[TRACE_TEXT];
	struct trace_context *c;
	struct buf b;

	n = n < sizeof(raw) ? n : sizeof(raw) - 1;
	memcpy(raw, text, n);
	raw[n] = 0;
	t->contexts = room_grow(t->contexts, t->ncontexts, sizeof(*t->contexts));
	c = &t->contexts[t->ncontexts++];
	memset(c, 0, sizeof(*c));
	c->at = at;
	c->lane = lane;
	b = buf_on(c->text, sizeof(c->text));
	buf_clean(&b, raw);
	memcpy(t->lanes[lane].context, c->text, sizeof(c->text));
}

static void event(struct trace *t, uint32_t *lane, const struct trace_event *e, unsigned units)
{
	int64_t at = trace_ns(t, e->ticks);
	struct trace_lane *l;
	uint32_t other;

	t->events++;
	if (e->ticks > t->header.deadline_ticks)
		return;
	if (e->type == TRACE_THREAD) {
		*lane = lane_get(t, (uint32_t)e->object);
		return;
	}
	l = &t->lanes[*lane];
	l->seen = 1;
	if (l->begin < 0 || at < l->begin)
		l->begin = at;
	if (at > l->end)
		l->end = at;
	if (at > t->end)
		t->end = at;
	switch (e->type) {
	case TRACE_OP_BEGIN:
	case TRACE_MAP_BEGIN:
		op_begin(t, *lane, e, at);
		break;
	case TRACE_OP_END:
		op_end(t, *lane, e, at);
		break;
	case TRACE_CALL:
		call(t, *lane, e, at);
		break;
	case TRACE_CREATE:
		other = lane_get(t, (uint32_t)e->object);
		t->lanes[other].known = 1;
		t->lanes[other].parent = t->lanes[*lane].number;
		if (e->stack)
			t->lanes[other].stack = e->stack;
		break;
	case TRACE_BORN:
		l->born = 1;
		break;
	case TRACE_GONE:
		l->gone = 1;
		break;
	case TRACE_PAUSE: {
		struct trace_slice *s = slice_add(t, SLICE_PAUSE, *lane, trace_ns(t, e->begin), at);
		struct open *o = open_of(*lane);

		s->ok = e->flags & 1;
		if (o->n)
			o->at[o->n - 1].inner += s->end - s->begin;
		break;
	}
	case TRACE_CONTEXT:
		context(t, *lane, (const char *)(e + 1), units > 1 ? e->a : 0, at);
		break;
	}
}

void trace_events_read(struct trace *t, const struct trace_chunk *c)
{
	const struct trace_event *e = (const void *)(c + 1), *end = e + c->used / sizeof(*e);
	uint32_t lane = lane_get(t, c->thread);

	while (e < end) {
		unsigned units = e->type == TRACE_CONTEXT && e->a <= TRACE_TEXT ? 1 + (e->a + 31) / 32 : 1;

		if (e->type == TRACE_NONE || e->type >= TRACE_TYPES || units > end - e) {
			t->broken++;
			return;
		}
		event(t, &lane, e, units);
		e += units;
	}
}

void trace_events_end(struct trace *t)
{
	for (uint32_t i = 0; i < nopens; i++) {
		for (uint32_t k = 0; k < opens[i].n; k++) {
			struct trace_slice *s = &t->slices[opens[i].at[k].slice];

			s->end = t->end > s->begin ? t->end : s->begin;
			s->own = 0; /* how much of it was its own nobody can tell */
		}
		free(opens[i].at);
	}
	free(opens);
	opens = NULL;
	nopens = 0;
}
