/* SPDX-License-Identifier: MIT */
/*
 * cell.c - what was last done to each map: the table of cells, their readers, their incarnations.
 *
 * Owns       cells, notes, map infos and habits (parallel arrays), the readers pool.
 * Writers    keys, gen, state, infos: under cells_lock. The words, seq and notes: any thread without a lock; the program under
 *            test is racing, that is why we are here.
 * Lifetime   emptying a cell gives it a new gen, unique in the process, so that whatever remembers the old one (open
 *            operations, iterators, bucket cells) finds out. Bucket cells are not enumerated when their map dies: a
 *            bucket cell whose map_gen is not its table cell's gen is a leftover, taken over or evicted when met.
 * When full  leftovers go first, then the memory of dead maps; live ones stay, and the newcomer is not checked:
 *            COUNT_CELL_NO_ROOM. Misses are possible, a false report is not.
 */
#include "family.h"
#include "state.h"

struct lock cells_lock;
struct race_tables race_tables;

static struct pool readers_pool;
static uint32_t incarnations; /* guarded by cells_lock; wraps after 2^32 maps, by when its neighbours are long gone */

#define INFO_BYTES sizeof(struct map_info)
#define HABIT_BYTES sizeof(struct map_habit)

int cells_init(int small)
{
	uint32_t size = small ? 8 : 1u << CELLS_BITS >> os_table_shift();
	struct race_tables *T = &race_tables;

	if (T->cells) {
		size_t had = T->cell_mask + 1ul;

		os_unmap(T->cells, had * sizeof(*T->cells));
		os_unmap(T->notes, 2 * had * sizeof(*T->notes));
		os_unmap(T->infos, had * INFO_BYTES);
		os_unmap(T->habits, had * HABIT_BYTES);
		os_unmap(T->cell_reach, had);
	}
	T->cells = os_map(size * sizeof(*T->cells));
	T->notes = os_map(2ul * size * sizeof(*T->notes));
	T->infos = os_map(size * INFO_BYTES);
	T->habits = os_map(size * HABIT_BYTES);
	T->cell_reach = os_map(size);
	T->cell_mask = size - 1;
	T->probe = size < PROBE ? size : PROBE;
	T->small = small;
	return T->cells && T->notes && T->infos && T->habits && T->cell_reach ? 0 : -1;
}

/* ---- look-up ---------------------------------------------------------------------------------------------------------- */

__attribute__((noinline)) struct race_cell *cell_probe(uintptr_t key, uint32_t sub, uint32_t home)
{
	uint32_t reach = load_relaxed(&race_tables.cell_reach[home]);

	for (uint32_t i = 0; i < reach; i++) {
		struct race_cell *c = &race_tables.cells[(home + i) & race_tables.cell_mask];

		if (load_relaxed(&c->key) == key && load_relaxed(&c->sub) == sub)
			return c;
	}
	return NULL;
}

static uint32_t bucket_home(uintptr_t map, uint32_t bucket)
{
	return (cell_home(map) + 1 + bucket) & race_tables.cell_mask;
}

/* A bucket cell's key does not say whether bit 0 was the map's own; only the map's gen decides whose it is. */
static struct race_cell *bucket_owner(const struct race_cell *c)
{
	struct race_cell *table = cell_find(c->key & ~(uintptr_t)1);

	if (!table || table->gen != c->map_gen)
		table = cell_find(c->key);
	return table && table->gen == c->map_gen ? table : NULL;
}

/* Even and odd addresses share their home: the grain is 16 bytes. */
static uint32_t key_home(const struct race_cell *c)
{
	return c->sub ? bucket_home(c->key, c->sub - 1) : cell_home(c->key);
}

/* ---- incarnations (cells_lock held) -------------------------------------------------------------------------------------- */

static void cell_clear(struct race_cell *c)
{
	struct race_note *notes = &race_tables.notes[2 * cell_index(c)];

	store_relaxed(&c->gen, ++incarnations);
	store_relaxed(&c->w, 0);
	store_relaxed(&c->r, 0);
	readers_drop(c);
	store_relaxed(&c->seq, (load_relaxed(&c->seq) | 1) + 1);
	store_relaxed(&c->wslot, 0);
	store_relaxed(&c->changes, 0);
	store_relaxed(&c->ops, 0);
	if (load_relaxed(&notes[0].word))
		store_relaxed(&notes[0].word, 0);
	if (load_relaxed(&notes[1].word))
		store_relaxed(&notes[1].word, 0);
}

static void cell_fill(struct race_cell *c, const struct race_kind *kind)
{
	struct map_info *i = cell_info(c);

	i->kind = kind;
	race_families[family_of(kind)].maps++;
	store_relaxed(&i->refs, REFS_UNKNOWN);
	store_relaxed(&i->dying, 0);
	i->destroyed = i->destroyed_ticks = i->grave = 0;
	store_relaxed(&i->changed, 0);
	memset(&i->resize, 0, sizeof(i->resize));
	store_relaxed(&c->buckets, 0);
	store_relaxed(&i->created_stack, 0);
	store_relaxed(&i->created_thread, 0);
	memset(i->label, 0, sizeof(i->label));
	store_relaxed(&c->contract, kind ? (uint8_t)kind->contract : CONTRACT_UNSAFE);
	store_relaxed(&c->key_kind, KEY_NONE);
	store_relaxed(&c->state, kind && kind->contract == CONTRACT_CONCURRENT ? CELL_EXEMPT : CELL_LIVE);
}

static void cell_remove(struct race_cell *c)
{
	uintptr_t key = c->key;
	uint32_t home = key_home(c), reach = race_tables.cell_reach[home], is_map = c->sub == 0;

	store_relaxed(&c->key, 0);
	store_relaxed(&c->state, CELL_FREE);
	cell_clear(c);
	if (is_map)
		page_leave(key);
	for (; reach; reach--) {
		struct race_cell *other = &race_tables.cells[(home + reach - 1) & race_tables.cell_mask];

		if (other->key && key_home(other) == home)
			break;
	}
	store_relaxed(&race_tables.cell_reach[home], (uint8_t)reach);
}

/* A free cell for a key with that home, making room when there is none. */
static struct race_cell *cell_place(uint32_t home)
{
	struct race_cell *room = NULL;
	uint32_t at = 0;

	for (uint32_t want = 0; want < 3 && !room; want++) {
		for (uint32_t i = 0; i < race_tables.probe && !room; i++) {
			struct race_cell *c = &race_tables.cells[(home + i) & race_tables.cell_mask];

			if (want == 0 ? !c->key : want == 1 ? c->sub && !bucket_owner(c) : c->state == CELL_DEAD) {
				room = c;
				at = i;
				if (want == 2)
					count_up(COUNT_DEAD_EVICTED);
			}
		}
	}
	if (!room) {
		count_up(COUNT_CELL_NO_ROOM);
		return NULL;
	}
	if (room->key)
		cell_remove(room);
	if (race_tables.cell_reach[home] <= at)
		store_relaxed(&race_tables.cell_reach[home], (uint8_t)(at + 1));
	return room;
}

/* Caller holds the lock; the map is not in the table. */
static struct race_cell *cell_insert(uintptr_t map, const struct race_kind *kind)
{
	struct race_cell *c = cell_place(cell_home(map));

	if (!c)
		return NULL;
	cell_clear(c);
	cell_fill(c, kind);
	store_relaxed(&c->sub, 0);
	page_enter(map);
	store_release(&c->key, map); /* last: a reader that finds the key finds a clean cell */
	return c;
}

struct race_cell *cell_get(uintptr_t map, const struct race_kind *kind, int *fresh)
{
	struct race_cell *c = cell_find(map);

	if (fresh)
		*fresh = 0;
	if (c || !map)
		return c;
	lock_take(&cells_lock);
	c = cell_find(map);
	if (!c) {
		c = cell_insert(map, kind);
		if (fresh)
			*fresh = c != NULL;
	}
	lock_drop(&cells_lock);
	return c;
}

struct race_cell *cell_born(uintptr_t map, const struct race_kind *kind, uint32_t key_kind, uint32_t stack, uint32_t thread)
{
	struct race_cell *c;

	lock_take(&cells_lock);
	c = cell_find(map);
	if (c) {
		cell_clear(c);
		cell_fill(c, kind);
	} else {
		c = cell_insert(map, kind);
	}
	if (c) {
		struct map_info *i = cell_info(c);

		store_relaxed(&i->created_stack, stack);
		store_relaxed(&i->created_thread, thread);
		store_relaxed(&i->refs, 1);
		store_relaxed(&c->key_kind, (uint8_t)key_kind);
	}
	lock_drop(&cells_lock);
	return c;
}

struct race_cell *cell_bucket(struct race_cell *table, uint32_t bucket)
{
	uintptr_t map = load_relaxed(&table->key), key = map | 1;
	uint32_t home = bucket_home(map, bucket), gen = load_relaxed(&table->gen);
	struct race_cell *c = cell_probe(key, bucket + 1, home);

	if (c && load_relaxed(&c->map_gen) == gen)
		return c;
	lock_take(&cells_lock);
	c = cell_probe(key, bucket + 1, home);
	if (!c || c->map_gen != gen) {
		int leftover = c != NULL;

		if (!c)
			c = cell_place(home);
		if (c) {
			cell_clear(c);
			store_relaxed(&c->map_gen, gen);
			if (!leftover) {
				store_relaxed(&c->state, CELL_LIVE);
				store_relaxed(&c->contract, CONTRACT_BUCKET_LOCKED);
				store_relaxed(&c->sub, bucket + 1);
				store_release(&c->key, key); /* last, as in cell_get */
			}
		}
	}
	lock_drop(&cells_lock);
	return c;
}

void cell_renew(struct race_cell *c, uintptr_t map, const struct race_kind *kind)
{
	lock_take(&cells_lock);
	if (c->key == map && c->sub == 0) {
		cell_clear(c);
		cell_fill(c, kind);
	}
	lock_drop(&cells_lock);
}

void cell_forget(uintptr_t map)
{
	struct race_cell *c;

	lock_take(&cells_lock);
	c = cell_find(map);
	if (c)
		cell_remove(c);
	lock_drop(&cells_lock);
}

/* ---- ranges; each lies within one page of memory ------------------------------------------------------------------------- */

static uint32_t grains(uintptr_t lo, size_t bytes)
{
	return (uint32_t)(((lo + bytes - 1) >> CELL_GRAIN) - (lo >> CELL_GRAIN) + 1);
}

int cells_in_range(uintptr_t lo, size_t bytes)
{
	return reach_any(race_tables.cell_reach, race_tables.cell_mask, cell_home(lo), grains(lo, bytes));
}

/* The maps of the range whose homes are h, h + 1, ... */
static void forget_homes(uint32_t home, uint32_t n, uintptr_t lo, size_t bytes)
{
	lock_take(&cells_lock);
	for (uint32_t k = 0; k < n; k++) {
		uint32_t h = (home + k) & race_tables.cell_mask;

		for (uint32_t i = 0; i < race_tables.cell_reach[h]; i++) {
			struct race_cell *c = &race_tables.cells[(h + i) & race_tables.cell_mask];

			if (c->key && c->sub == 0 && c->key - lo < bytes)
				cell_remove(c);
		}
	}
	lock_drop(&cells_lock);
}

void cells_forget_range(uintptr_t lo, size_t bytes)
{
	forget_homes(cell_home(lo), grains(lo, bytes), lo, bytes);
}

void cells_forget_huge(uintptr_t lo, size_t bytes)
{
	forget_homes(0, race_tables.cell_mask + 1, lo, bytes);
}

/* ---- readers -------------------------------------------------------------------------------------------------------------- */

static const uint32_t readers_caps[POOL_CLASSES] = { 8, 64, 512, 4096, 8192 };
static const uint32_t readers_limits[POOL_CLASSES] = { 1 << 15, 1 << 13, 1 << 10, 1 << 7, 1 << 6 };

int readers_init(int small)
{
	pool_reset(&readers_pool);
	for (uint32_t i = 0; i < POOL_CLASSES; i++) {
		uint32_t cap = readers_caps[i], present = (cap + 63) & ~63u;

		readers_pool.classes[i].cap = cap;
		readers_pool.classes[i].bytes =
			(uint32_t)(sizeof(struct race_readers) + present + cap * sizeof(struct race_note));
		readers_pool.classes[i].limit = small ? 1 : readers_limits[i] >> os_table_shift();
	}
	return 0;
}

/*
 * A larger set replaces a smaller one, which stays chained behind it: a reader may just be writing its entry there. That
 * entry is then lost, which can only hide a race.
 */
struct race_readers *readers_get(struct race_cell *c, uint32_t slot)
{
	struct race_readers *had = load_acquire(&c->readers), *r; /* partner: the swap below */

	for (;;) {
		if (had && slot < load_relaxed(&had->block.cap))
			return had;
		r = (struct race_readers *)pool_take(&readers_pool, slot + 1);
		if (!r)
			return NULL;
		for (uint32_t i = 0; i < r->block.cap; i += 8) /* late readers of its last owner may still write here */
			store_relaxed((uint64_t *)(void *)(readers_present(r) + i), 0);
		store_relaxed(&r->high, 0);
		if (had) {
			uint32_t n = load_relaxed(&had->block.cap);

			for (uint32_t i = 0; i < n; i++) {
				note_copy(&readers_notes(r)[i], &readers_notes(had)[i]);
				store_relaxed(&readers_present(r)[i], load_acquire(&readers_present(had)[i])); /* partner: readers_add */
			}
			store_relaxed(&r->high, load_relaxed(&had->high));
		}
		r->block.next = had ? &had->block : NULL;
		if (cas_acq_rel(&c->readers, &had, r)) /* partner: the load above, and in access.c */
			return r;
		r->block.next = NULL;
		pool_give(&readers_pool, &r->block);
	}
}

void readers_drop(struct race_cell *c)
{
	struct race_readers *r;

	if (!load_relaxed(&c->readers))
		return;
	r = swap_acquire(&c->readers, NULL); /* partner: the swap in readers_get */
	if (r)
		pool_give(&readers_pool, &r->block);
}
