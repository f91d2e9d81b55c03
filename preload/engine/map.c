/* SPDX-License-Identifier: MIT */
/*
 * map.c - births and deaths of maps, their references and labels.
 *
 * Death      the wrapper of a destroy function announces it (op_enter with ROLE_DESTROY marks the incarnation as dying by this
 *            thread) and confirms it when the real call has run. Between the two the memory may be freed (the free hook
 *            forgets the map: nothing is left to be dead) or given to a new map (map_create makes a new incarnation without
 *            the mark): then the confirmation finds no mark and does nothing. So a late confirmation never kills
 *            a newcomer.
 * Rebirth    a library may reuse the memory for a new map inside itself, where no creation is seen. The header then differs
 *            from what the destruction left; offsets below 32 belong to allocators' free lists and are not compared.
 *            The header is read when an operation is about to read it anyway.
 */
#include "map.h"
#include "trace.h"

#define GRAVE_FROM 32

static uint64_t grave_hash(uintptr_t map, const struct race_kind *kind)
{
	const unsigned char *p = (const unsigned char *)map;
	uint64_t h = 0x9E3779B97F4A7C15ull;

	for (uint32_t i = GRAVE_FROM; i < kind->header_bytes; i++)
		h = (h ^ load_relaxed(&p[i])) * 0x100000001B3ull;
	return h;
}

static int grave_is_kept(const struct race_kind *kind)
{
	return kind && kind->header_bytes > GRAVE_FROM;
}

int map_reborn(struct race_cell *c, uintptr_t map)
{
	const struct map_info *i = cell_info(c);
	const struct race_kind *kind;
	uint64_t grave;

	lock_take(&cells_lock);
	kind = i->kind;
	grave = i->grave;
	lock_drop(&cells_lock);
	if (!grave_is_kept(kind) || grave_hash(map, kind) == grave)
		return 0;
	cell_renew(c, map, kind);
	return 1;
}

void map_create(struct race_thread *t, const struct race_op *op, uintptr_t map, enum race_key_kind key_kind,
		const uintptr_t *fp)
{
	struct race_cell *c;
	uint32_t stack;

	if (!map)
		return;
	stack = engine_capture(t, op, fp);
	c = cell_born(map, op->kind, key_kind, stack, t->number);
	if (trace_is_on())
		race_tracer->created(t, op, map, c, stack);
	if (c)
		access_created(t, c, op, stack, map);
}

void map_dying(struct race_thread *t, struct race_cell *c)
{
	store_relaxed(&cell_info(c)->dying, t->number + 1);
}

void map_destroy(struct race_thread *t, const struct race_op *op, uintptr_t map, const uintptr_t *fp)
{
	struct race_cell *c = cell_find(map);
	uint64_t word;
	struct map_info *i;

	if (!c || load_relaxed(&cell_info(c)->dying) != t->number + 1)
		return;
	if (op->kind && op->kind->implicit) {
		cell_forget(map); /* the next operation on it makes it anew */
		return;
	}
	word = t->epoch | engine_capture(t, op, fp);
	lock_take(&cells_lock);
	i = cell_info(c);
	if (c->key == map && c->sub == 0 && i->dying == t->number + 1) {
		i->destroyed = word;
		i->destroyed_ticks = os_ticks();
		i->grave = grave_is_kept(i->kind) ? grave_hash(map, i->kind) : 0;
		i->dying = 0;
		store_relaxed(&c->state, CELL_DEAD);
	}
	lock_drop(&cells_lock);
}

void map_ref(struct race_thread *t, uintptr_t map)
{
	struct race_cell *c = cell_find(map);

	(void)t;
	if (c && load_relaxed(&c->state) != CELL_DEAD && load_relaxed(&cell_info(c)->refs) != REFS_UNKNOWN)
		add_relaxed(&cell_info(c)->refs, 1);
}

int map_unref(struct race_thread *t, uintptr_t map)
{
	struct race_cell *c = cell_find(map);
	int32_t had;

	(void)t;
	if (!c)
		return -1;
	if (load_relaxed(&c->state) == CELL_DEAD)
		return 0; /* the operation itself reports it */
	if (load_relaxed(&cell_info(c)->refs) == REFS_UNKNOWN) {
		cell_forget(map); /* it may have been the last reference: whatever comes now may be a new map */
		return -1;
	}
	had = sub_relaxed(&cell_info(c)->refs, 1);
	return had <= 1;
}

/* The kind given here is a name for reports; the contract stays what the creation promised. */
void map_label(uintptr_t map, const struct race_kind *kind, const char *label)
{
	struct race_cell *c = cell_get(map, kind, NULL);

	if (!c)
		return;
	lock_take(&cells_lock);
	if (c->key == map && c->sub == 0) {
		struct map_info *i = cell_info(c);

		if (label) {
			memset(i->label, 0, sizeof(i->label));
			memcpy(i->label, label, strnlen(label, sizeof(i->label) - 1));
		}
		if (kind)
			i->kind = kind;
	}
	lock_drop(&cells_lock);
	if (trace_is_on())
		race_tracer->map_named(c, map);
}

uint32_t map_incarnation(uintptr_t map)
{
	const struct race_cell *c = cell_find(map);

	return c ? load_relaxed(&c->gen) : 0;
}
