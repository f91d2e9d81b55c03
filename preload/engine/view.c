/* SPDX-License-Identifier: MIT */
/*
 * view.c - see view.h.
 *
 * Locks     cells_lock for the length of one map. The walk goes by the reach of homes, so that parts of the table that were never
 *           used are not touched.
 */
#include "view.h"

#include "../sys/describe.h"
#include "layout.h"
#include "state.h"

static int is_map(const struct race_cell *c, uint32_t home)
{
	uintptr_t key = load_relaxed(&c->key);

	return key && load_relaxed(&c->sub) == 0 && cell_home(key) == home;
}

static uint64_t note_ticks(const struct race_cell *c, int write, uint64_t word)
{
	const struct race_note *n = cell_note(c, write);
	uint64_t ticks = load_relaxed(&n->ticks);

	return word && load_relaxed(&n->word) == word ? ticks : 0;
}

/* cells_lock held */
static void fill(struct map_view *out, const struct race_cell *c)
{
	const struct map_info *i = cell_info(c);
	uint32_t seq = load_relaxed(&c->seq), wslot = load_relaxed(&c->wslot);

	memset(out, 0, sizeof(*out));
	out->map = c->key;
	out->kind = i->kind;
	memcpy(out->label, i->label, sizeof(out->label) - 1);
	out->gen = c->gen;
	out->state = load_relaxed(&c->state);
	out->created_stack = load_relaxed(&i->created_stack);
	out->created_thread = load_relaxed(&i->created_thread);
	out->ops = load_relaxed(&c->ops);
	out->written = load_relaxed(&c->w);
	out->read = load_relaxed(&c->r);
	out->written_ticks = note_ticks(c, 1, out->written);
	out->read_ticks = note_ticks(c, 0, out->read);
	out->inside = seq & 1 && wslot && load_relaxed(&c->forks) == race_tables.forks ? wslot - 1 : RACE_NO_SLOT;
}

int map_view_next(struct maps_cursor *cursor, struct map_view *out)
{
	for (; cursor->home <= race_tables.cell_mask; cursor->home++, cursor->next = 0) {
		uint32_t reach = load_relaxed(&race_tables.cell_reach[cursor->home]);

		while (cursor->next < reach) {
			const struct race_cell *c = &race_tables.cells[(cursor->home + cursor->next++) & race_tables.cell_mask];
			int there;

			if (!is_map(c, cursor->home))
				continue;
			lock_take(&cells_lock);
			there = is_map(c, cursor->home);
			if (there)
				fill(out, c);
			lock_drop(&cells_lock);
			if (there)
				return 1;
		}
	}
	return 0;
}

int map_view_of(uintptr_t map, struct map_view *out)
{
	const struct race_cell *c;

	lock_take(&cells_lock);
	c = map ? cell_find(map) : NULL;
	if (c)
		fill(out, c);
	lock_drop(&cells_lock);
	return c != NULL;
}

void maps_count(struct maps_count *out)
{
	memset(out, 0, sizeof(*out));
	for (uint32_t home = 0; home <= race_tables.cell_mask; home++) {
		uint32_t reach = load_relaxed(&race_tables.cell_reach[home]);

		for (uint32_t i = 0; i < reach; i++) {
			const struct race_cell *c = &race_tables.cells[(home + i) & race_tables.cell_mask];

			if (!is_map(c, home))
				continue;
			if (load_relaxed(&c->state) == CELL_DEAD)
				out->dead++;
			else
				out->live++;
		}
	}
}

/* ---- sizes ------------------------------------------------------------------------------------------------------------ */

extern const struct race_size race_sizes_start[] __asm__("__start_race_sizes") __attribute__((weak, visibility("hidden")));
extern const struct race_size race_sizes_stop[] __asm__("__stop_race_sizes") __attribute__((weak, visibility("hidden")));

static int64_t field(uintptr_t map, struct race_field f)
{
	uint64_t value = 0; /* little endian, as every machine that this runs on */

	if (!f.bytes || f.bytes > sizeof(value) || !os_peek(map + f.offset, &value, f.bytes))
		return -1;
	return value >> 47 ? -1 : (int64_t)value;
}

void map_size_read(const struct race_kind *kind, uintptr_t map, struct map_size *out)
{
	out->entries = out->buckets = out->used = -1;
	for (const struct race_size *s = race_sizes_start; kind && s < race_sizes_stop; s++) {
		if (s->kind != kind || (s->known && load_relaxed(s->known) != 1))
			continue;
		out->entries = field(map, s->entries);
		out->buckets = field(map, s->buckets);
		if (out->buckets >= 0)
			out->buckets += s->buckets_more;
		out->used = field(map, s->used);
		return;
	}
}

/* ---- what a debugger is told ---------------------------------------------------------------------------------------------- */

DESCRIBE_OBJECT(race_tables, race_tables)
DESCRIBE_FIELD(race_tables, cells)
DESCRIBE_FIELD(race_tables, cell_reach)
DESCRIBE_FIELD(race_tables, cell_mask)
DESCRIBE_FIELD(race_tables, forks)
DESCRIBE_FIELD(race_tables, notes)
DESCRIBE_FIELD(race_tables, infos)
DESCRIBE_SIZE(race_cell)
DESCRIBE_FIELD(race_cell, key)
DESCRIBE_FIELD(race_cell, w)
DESCRIBE_FIELD(race_cell, r)
DESCRIBE_FIELD(race_cell, seq)
DESCRIBE_FIELD(race_cell, wslot)
DESCRIBE_FIELD(race_cell, sub)
DESCRIBE_FIELD(race_cell, state)
DESCRIBE_FIELD(race_cell, forks)
DESCRIBE_NUMBER(cell_dead, CELL_DEAD)
DESCRIBE_NUMBER(cell_exempt, CELL_EXEMPT)
DESCRIBE_NUMBER(cell_grain, CELL_GRAIN)
DESCRIBE_SIZE(map_info)
DESCRIBE_FIELD(map_info, kind)
DESCRIBE_FIELD(map_info, label)
DESCRIBE_FIELD(map_info, created_stack)
DESCRIBE_FIELD(map_info, created_thread)
DESCRIBE_FIELD(race_kind, name)
DESCRIBE_ROW(race_sizes) = { "race_sizes", { .address = race_sizes_start }, 0 };
DESCRIBE_ROW(race_sizes_end) = { "race_sizes_end", { .address = race_sizes_stop }, 0 };
DESCRIBE_SIZE(race_size)
DESCRIBE_FIELD(race_size, kind)
DESCRIBE_FIELD(race_size, known)
DESCRIBE_FIELD(race_size, entries)
DESCRIBE_FIELD(race_size, buckets)
DESCRIBE_FIELD(race_size, used)
DESCRIBE_FIELD(race_size, buckets_more)
DESCRIBE_FIELD(race_field, offset)
DESCRIBE_FIELD(race_field, bytes)
DESCRIBE_NUMBER(word_slot_bits, RACE_SLOT_BITS)
DESCRIBE_NUMBER(word_clock_bits, RACE_CLOCK_BITS)
DESCRIBE_NUMBER(word_stack_bits, RACE_STACK_BITS)
