/* SPDX-License-Identifier: MIT */
/*
 * iterator.c - iterators that outlive the entries they stand on.
 *
 * Owns      nothing: each thread remembers its own few iterators, by address. One that was pushed out, was started by another
 *           thread, or whose map has a new incarnation is not judged. Memory of an iterator that is freed needs no
 *           notice: whoever makes a new one there starts it first.
 * Counts    cell->changes, raised by plain load and store: two writers that lose a change race, and that is reported.
 */
#include "map.h"

static struct race_iterator *iterator_find(struct race_thread *t, uintptr_t at)
{
	for (uint32_t i = 0; i < RACE_ITERATORS; i++) {
		if (t->iterators[i].at == at)
			return &t->iterators[i];
	}
	return NULL;
}

void iterator_start(struct race_thread *t, uintptr_t iterator, uintptr_t map)
{
	struct race_iterator *i = iterator_find(t, iterator);
	struct race_cell *c = cell_find(map);

	if (!i)
		i = &t->iterators[t->next_iterator++ % RACE_ITERATORS];
	i->at = c ? iterator : 0;
	i->map = map;
	i->gen = c ? load_relaxed(&c->gen) : 0;
	i->changes = c ? load_relaxed(&c->changes) : 0;
}

/* The cell, when this iterator is known and its map is still the one it was started on. */
static struct race_cell *iterator_cell(const struct race_iterator *i)
{
	struct race_cell *c = i && i->at ? cell_find(i->map) : NULL;

	return c && load_relaxed(&c->gen) == i->gen ? c : NULL;
}

static __attribute__((noinline, cold)) void found_stale(struct race_thread *t, const struct race_touch *touch,
							struct race_cell *c)
{
	uint64_t w = load_relaxed(&c->w);
	struct race_finding f;

	if (w && !ordered(t, w))
		return; /* a change by another thread, in no order: op_enter has reported the race */
	f.kind = FOUND_STALE_ITERATOR;
	f.verdict = VERDICT_CERTAIN;
	access_now(t, &f.now, touch->op, touch->key, touch->bucket, engine_capture(t, touch->op, touch->fp),
		   load_relaxed(&c->key_kind));
	if (w) {
		struct race_note note;

		note_copy(&note, cell_note(c, 1));
		access_describe(&f.before, w, &note, 1);
	} else {
		memset(&f.before, 0, sizeof(f.before));
		f.before.thread = RACE_NO_SLOT;
		f.before.bucket = RACE_NO_BUCKET;
	}
	finding_deliver(t, &f, c, touch->op, touch->map);
}

int iterator_step(struct race_thread *t, uintptr_t iterator, const struct race_touch *touch)
{
	struct race_iterator *i = iterator_find(t, iterator);
	struct race_cell *c = iterator_cell(i);

	if (!c || i->map != touch->map || likely(load_relaxed(&c->changes) == i->changes))
		return 1;
	i->at = 0; /* told once */
	found_stale(t, touch, c);
	return 0;
}

void map_changed(struct race_thread *t, uintptr_t map, uintptr_t own)
{
	struct race_cell *c = cell_find(map);
	struct race_iterator *i;
	uint32_t changes;

	if (!c)
		return;
	changes = load_relaxed(&c->changes);
	store_relaxed(&c->changes, changes + 1);
	i = own ? iterator_find(t, own) : NULL;
	if (i && iterator_cell(i) == c && i->changes == changes)
		i->changes = changes + 1;
}
