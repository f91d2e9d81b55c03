/* SPDX-License-Identifier: MIT */
/*
 * resize.c - which write changed the number of buckets of a map.
 *
 * A writer asks its kind for the number when it comes and when it leaves, where the kind can tell. What differs is noted with the
 * word of the write; so is what has changed since the last writer left, if that writer's word is still there (a library
 * whose hooked function only decides about a resize, which its inlined caller then makes).
 *
 * Owns       map_info.resize (under cells_lock), cell->buckets (writers of the map, who are alone or race).
 * Asks       of live maps only, and not after a call that may end one (OP_MAY_END): its memory may be gone.
 */
#include "resize.h"

#include "map.h"

static __attribute__((cold)) void resize_note(struct race_cell *c, const struct race_op_open *open, uint64_t word, uint32_t seq,
					      uint32_t from, uint32_t to)
{
	const struct race_kind *kind = open->op->kind;
	struct map_resize *r = &cell_info(c)->resize;
	long entries = kind->entries ? kind->entries(open->map) : -1;

	lock_take(&cells_lock);
	if (c->key == open->map && c->sub == 0) {
		r->word = word;
		r->from = from;
		r->to = to;
		r->seq = seq;
		r->entries = entries >= 0 && entries <= INT32_MAX ? (int32_t)entries : -1;
	}
	lock_drop(&cells_lock);
}

/* A writer comes and finds another number than the last one left. */
static __attribute__((noinline, cold)) void resize_found(struct race_cell *c, const struct race_op_open *open, uint64_t last, uint32_t n)
{
	uint32_t had = load_relaxed(&c->buckets);

	if (!n)
		return;
	if (had && last && last == load_relaxed(&c->w))
		resize_note(c, open, last, load_relaxed(&c->seq) - 2, had, n);
	store_relaxed(&c->buckets, n);
}

void resize_enter(struct race_cell *c, struct race_op_open *open, uint64_t last)
{
	uint32_t n = buckets_now(open->op, open->map);

	open->buckets = open->op->flags & OP_MAY_END ? 0 : n;
	if (unlikely(n != load_relaxed(&c->buckets)))
		resize_found(c, open, last, n);
}

__attribute__((cold)) int resize_noted(const struct race_thread *t, struct race_cell *c, const struct race_op_open *open, uint32_t n)
{
	uint64_t w = load_relaxed(&c->w);

	if (!n)
		return 0;
	resize_note(c, open, w && word_slot(w) == t->slot ? w : 0, load_relaxed(&c->seq) | 1, open->buckets, n);
	store_relaxed(&c->buckets, n);
	return 1;
}

/* ---- what a finding says ---------------------------------------------------------------------------------------------- */

static struct map_resize resize_read(const struct race_cell *table)
{
	struct map_resize r;

	lock_take(&cells_lock);
	r = cell_info(table)->resize;
	lock_drop(&cells_lock);
	return r;
}

static void resize_tell(struct race_finding *f, uint32_t from, uint32_t to, int64_t entries)
{
	f->resize_from = from;
	f->resize_to = to;
	f->resize_entries = entries;
}

void finding_resized(struct race_finding *f, const struct race_cell *table, uint64_t word)
{
	struct map_resize r = resize_read(table);

	if (r.word && r.word == word)
		resize_tell(f, r.from, r.to, r.entries);
}

void resize_of_race(struct race_finding *f, const struct race_cell *table, const struct race_touch *touch, int certain,
		    const struct race_op_open *open, int own)
{
	int may_ask = load_relaxed(&table->state) == CELL_LIVE && is_whole(touch->op) && !(open && touch->op->flags & OP_MAY_END);
	uint32_t had = load_relaxed(&table->buckets), n = may_ask ? buckets_now(touch->op, touch->map) : 0;
	struct map_resize r = resize_read(table);
	int meanwhile = open && open->cell == table && r.to &&
			(open->writer ? open->buckets != r.to : (int32_t)(r.seq - open->seq) >= 0);

	if (meanwhile && (own || (r.word && r.word == f->before.word)))
		resize_tell(f, r.from, r.to, r.entries);
	else if (had && n && had != n && (certain || f->before.write))
		resize_tell(f, had, n, -1);
	else if (!certain && r.word && r.word == f->before.word)
		resize_tell(f, r.from, r.to, r.entries);
}
