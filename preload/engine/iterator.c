/* SPDX-License-Identifier: MIT */
/*
 * iterator.c - iterators that outlive the entries they stand on.
 *
 * Owns      the table of iterators: by address, in sets of two, for the whole process, so that one that is handed to another
 *           thread is still known. One that was pushed out, or whose map has a new incarnation, is not judged. Memory of
 *           an iterator that is freed needs no notice: whoever makes a new one there starts it first.
 * Writers   any thread, without a lock. The program orders the uses of one iterator; two iterators that share a set may be
 *           written at once, so that an entry is believed only while its seal fits the rest of it.
 * Counts    cell->changes, raised by plain load and store: two writers that lose a change race, and that is reported.
 *           map_info.changed is the word of the last change: a later write that changed no structure is not to blame.
 */
#include "map.h"

struct race_iterator {
	uintptr_t at, map; /* at 0: free */
	uint64_t state;    /* gen of the map's cell << 32 | changes */
	uint64_t seal;
};

enum { SET_BITS = 9, WAYS = 2 };
static struct race_iterator table[1 << SET_BITS][WAYS] __attribute__((aligned(64)));
_Static_assert(sizeof(table[0]) == 64, "one cache line per set");

static inline uint64_t iterator_hash(uintptr_t at)
{
	return (uint64_t)at * 0x9E3779B97F4A7C15ull;
}

static inline struct race_iterator *iterator_set(uintptr_t at)
{
	return table[iterator_hash(at) >> (64 - SET_BITS)];
}

static inline uint64_t iterator_seal(uintptr_t at, uintptr_t map, uint64_t state)
{
	return iterator_hash(at) ^ (map << 16 | map >> 48) ^ state;
}

static void iterator_store(struct race_iterator *i, uintptr_t at, uintptr_t map, uint64_t state)
{
	store_relaxed(&i->at, at);
	store_relaxed(&i->map, map);
	store_relaxed(&i->state, state);
	store_relaxed(&i->seal, iterator_seal(at, map, state));
}

static inline struct race_iterator *iterator_find(uintptr_t at)
{
	struct race_iterator *set = iterator_set(at);

	for (int i = 0; i < WAYS; i++) {
		if (load_relaxed(&set[i].at) == at)
			return &set[i];
	}
	return NULL;
}

/* It is whole, and what it says of that map's present incarnation is that state. */
static int iterator_says(const struct race_iterator *i, uintptr_t at, uintptr_t map, uint64_t state)
{
	return load_relaxed(&i->map) == map && load_relaxed(&i->state) == state &&
	       load_relaxed(&i->seal) == iterator_seal(at, map, state);
}

static uint64_t state_of(const struct race_cell *c, uint32_t changes)
{
	return (uint64_t)load_relaxed(&c->gen) << 32 | changes;
}

void iterator_start(struct race_thread *t, uintptr_t iterator, uintptr_t map)
{
	struct race_iterator *i = iterator_find(iterator);
	struct race_cell *c = cell_find(map);

	(void)t;
	if (!i) { /* the newest comes first, and pushes the one before it into the second place */
		i = iterator_set(iterator);
		store_relaxed(&i[1].at, load_relaxed(&i[0].at));
		store_relaxed(&i[1].map, load_relaxed(&i[0].map));
		store_relaxed(&i[1].state, load_relaxed(&i[0].state));
		store_relaxed(&i[1].seal, load_relaxed(&i[0].seal));
	}
	if (c)
		iterator_store(i, iterator, map, state_of(c, load_relaxed(&c->changes)));
	else
		store_relaxed(&i->at, 0);
}

static __attribute__((noinline, cold)) void found_stale(struct race_thread *t, const struct race_touch *touch,
							struct race_cell *c)
{
	uint64_t w = load_relaxed(&c->w), changed = load_relaxed(&cell_info(c)->changed);
	struct race_finding f;

	if ((w && !ordered(t, w)) || (changed && !ordered(t, changed)))
		return; /* a change by another thread, in no order: a race, and reported as such */
	finding_begin(&f, FOUND_STALE_ITERATOR, VERDICT_CERTAIN);
	access_now(t, &f.now, touch->op, touch->key, touch->bucket, engine_capture(t, touch->op, touch->fp),
		   load_relaxed(&c->key_kind));
	if (changed) {
		struct race_note note;

		note_copy(&note, cell_note(c, 1));
		access_describe(&f.before, changed, &note, 1);
		finding_resized(&f, c, changed);
	} else {
		f.before.thread = RACE_NO_SLOT;
		f.before.bucket = RACE_NO_BUCKET;
	}
	finding_deliver(t, &f, c, touch->op, touch->map);
}

int iterator_step(struct race_thread *t, uintptr_t iterator, const struct race_touch *touch)
{
	struct race_iterator *i = iterator_find(iterator);
	struct race_cell *c = i && load_relaxed(&i->map) == touch->map ? cell_find(touch->map) : NULL;
	uint64_t state;

	if (!c)
		return 1;
	state = load_relaxed(&i->state);
	if (likely(state_of(c, load_relaxed(&c->changes)) == state)) /* whole or not, there is nothing to tell */
		return 1;
	if (state >> 32 != load_relaxed(&c->gen) || !iterator_says(i, iterator, touch->map, state))
		return 1;
	store_relaxed(&i->at, 0); /* told once */
	found_stale(t, touch, c);
	return 0;
}

void map_changed(struct race_thread *t, uintptr_t map, uintptr_t own)
{
	struct race_cell *c = cell_find(map);
	struct race_iterator *i;
	uint32_t changes;
	uint64_t w;

	if (!c)
		return;
	changes = load_relaxed(&c->changes);
	store_relaxed(&c->changes, changes + 1);
	w = load_relaxed(&c->w);
	store_relaxed(&cell_info(c)->changed, w && word_slot(w) == t->slot ? w : 0);
	i = own ? iterator_find(own) : NULL;
	if (i && iterator_says(i, own, map, state_of(c, changes)))
		iterator_store(i, own, map, state_of(c, changes + 1));
}
