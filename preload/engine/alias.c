/* SPDX-License-Identifier: MIT */
/*
 * alias.c - one lock at two addresses: shared memory that is mapped more than once in this process.
 *
 * Owns       the views: which addresses show which part of which file, and the keys of the sync objects in there. The routes: a
 *            sorted extract for look-ups, of those addresses whose keys differ from them.
 * Keys       the first view of a part of a file uses its own addresses as keys, and later views of that part take its keys over: so
 *            nothing that others may be using is ever moved. When the first view goes before the others, its addresses stay
 *            in use as keys; what comes to live at those addresses gets keys of another kind (`displaced`), until it is unmapped.
 *            Such a key is the address with bit 61 set and a number above bit 48: no memory and no kernel object has it, and the
 *            page filter counts it where it counts the address.
 * Invariants views do not overlap in addresses. What shows the same place of a file has the same key. An address whose
 *            value is the key of some other view's place is itself covered by a view.
 * Ordering   views change under aliases_lock. Routes are read without it, under a sequence count.
 * Lifetime   keys are forgotten with the last view that has them.
 * When full  what finds no room is spilled: objects between the lowest and the highest address of such views, and of all other
 *            views of the same files, are handed over through one common object as well. Edges are added, never lost.
 * Not seen   system calls by number, mappings made by libc for itself, memory made writable after it was mapped. Maps in shared
 *            memory are told apart by address.
 */
#include "alias.h"

enum { VIEWS = 2048, GENERATIONS = 1 << 12 };

struct view {
	uintptr_t lo, hi, key;
	uint64_t device, inode, at; /* device and inode 0: displaced */
};

struct route {
	uintptr_t lo, hi, key;
};

struct lock aliases_lock;
uint32_t race_alias_limit = VIEWS;

/* Guarded by aliases_lock. race_tables.views is how many there are. */
static struct view views[VIEWS];
static uint32_t generation;
static int spilled_now;

/* Written under aliases_lock, read by all. */
static struct route routes[VIEWS];
static uint32_t routes_n, routes_seq;
static uintptr_t spill_lo, spill_hi;

/* ---- look-ups --------------------------------------------------------------------------------------------------------- */

static uintptr_t route_find(uintptr_t obj)
{
	uint32_t lo = 0, hi = load_relaxed(&routes_n);

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		const struct route *r = &routes[mid];

		if (obj < load_relaxed(&r->lo))
			hi = mid;
		else if (obj >= load_relaxed(&r->hi))
			lo = mid + 1;
		else
			return load_relaxed(&r->key) + (obj - load_relaxed(&r->lo));
	}
	return obj;
}

/* A writer that was put aside by a more urgent reader needs that reader to sleep. */
__attribute__((noinline)) uintptr_t alias_key(uintptr_t obj)
{
	for (uint32_t tries = 1;; tries++) {
		uint32_t seq = load_acquire(&routes_seq); /* partner: routes_make */
		uintptr_t key = route_find(obj);

		fence_acquire(); /* partner: routes_make */
		if (likely(!(seq & 1)) && likely(load_relaxed(&routes_seq) == seq))
			return key;
		if (tries % 128 == 0)
			os_sleep_ns(20000);
		else
			pause_cpu();
	}
}

int alias_is_spilled(uintptr_t obj)
{
	return obj >= load_relaxed(&spill_lo) && obj < load_relaxed(&spill_hi);
}

/* ---- routes ----------------------------------------------------------------------------------------------------------- */

static void route_insert(uint32_t n, const struct view *v)
{
	uint32_t i = n;

	for (; i && routes[i - 1].lo > v->lo; i--) {
		store_relaxed(&routes[i].lo, routes[i - 1].lo);
		store_relaxed(&routes[i].hi, routes[i - 1].hi);
		store_relaxed(&routes[i].key, routes[i - 1].key);
	}
	store_relaxed(&routes[i].lo, v->lo);
	store_relaxed(&routes[i].hi, v->hi);
	store_relaxed(&routes[i].key, v->key);
}

static void routes_make(void)
{
	uint32_t n = 0;

	store_relaxed(&routes_seq, routes_seq | 1);
	fence_release(); /* partner: alias_key */
	for (uint32_t i = 0; i < race_tables.views; i++) {
		if (views[i].key != views[i].lo)
			route_insert(n++, &views[i]);
	}
	store_relaxed(&routes_n, n);
	store_release(&routes_seq, routes_seq + 1); /* partner: alias_key */
	store_relaxed(&race_tables.aliased, n || spill_hi);
}

/* ---- views ------------------------------------------------------------------------------------------------------------ */

static int is_displaced(const struct view *v)
{
	return !v->device && !v->inode;
}

static int same_file(const struct view *v, const struct alias_file *f)
{
	return v->inode == f->inode && v->device == f->device;
}

static void spill(const struct view *what)
{
	const struct alias_file f = { what->device, what->inode, 0 };
	uintptr_t lo = what->lo, hi = what->hi;

	count_up(COUNT_SYNC_NO_ROOM);
	for (uint32_t i = 0; !is_displaced(what) && i < race_tables.views; i++) {
		if (!same_file(&views[i], &f))
			continue;
		lo = views[i].lo < lo ? views[i].lo : lo;
		hi = views[i].hi > hi ? views[i].hi : hi;
	}
	if (!spill_hi || lo < spill_lo)
		store_relaxed(&spill_lo, lo);
	if (hi > spill_hi)
		store_relaxed(&spill_hi, hi);
	store_relaxed(&race_tables.aliased, 1);
	spilled_now = 1;
}

static void view_add(const struct view *v)
{
	if (race_tables.views >= race_alias_limit) {
		spill(v);
		return;
	}
	views[race_tables.views] = *v;
	store_relaxed(&race_tables.views, race_tables.views + 1);
}

/* Takes [lo, hi) out of a view that overlaps it. Returns 1 when nothing is left and the last view has taken its place. */
static int view_carve(struct view *v, uintptr_t lo, uintptr_t hi)
{
	struct view tail = *v;

	if (hi < v->hi) {
		tail.lo = hi;
		tail.key += hi - v->lo;
		tail.at += hi - v->lo;
	}
	if (lo > v->lo) {
		v->hi = lo;
		if (tail.lo == hi)
			view_add(&tail);
		return 0;
	}
	if (tail.lo == hi) {
		*v = tail;
		return 0;
	}
	store_relaxed(&race_tables.views, race_tables.views - 1);
	*v = views[race_tables.views];
	return 1;
}

/* Some view has this key: 1, and up to where. Else 0, and up to where none has. Within [key, end). */
static int key_used(uintptr_t key, uintptr_t end, uintptr_t *to)
{
	*to = end;
	for (uint32_t i = 0; i < race_tables.views; i++) {
		uintptr_t lo = views[i].key, hi = lo + (views[i].hi - views[i].lo);

		if (key >= lo && key < hi) {
			*to = hi < end ? hi : end;
			return 1;
		}
		if (lo > key && lo < *to)
			*to = lo;
	}
	return 0;
}

static void keys_drop(uintptr_t key, uintptr_t end)
{
	uintptr_t to;

	for (; key < end; key = to) {
		if (!key_used(key, end, &to))
			syncs_forget(key, to - key);
	}
}

/* Nothing is known of these addresses any more. */
static int cut(uintptr_t lo, uintptr_t hi)
{
	int changed = 0;

	for (uint32_t i = 0; i < race_tables.views;) {
		struct view *v = &views[i];
		uintptr_t from = v->lo > lo ? v->lo : lo, to = v->hi < hi ? v->hi : hi, key = v->key + (from - v->lo);

		if (from >= to) {
			i++;
			continue;
		}
		i += !view_carve(v, from, to);
		keys_drop(key, key + (to - from));
		changed = 1;
	}
	return changed;
}

/* Whatever comes to live at these addresses must not use those that are keys of views elsewhere. */
static int displace(uintptr_t lo, uintptr_t hi)
{
	uintptr_t to;
	int changed = 0;

	for (; lo < hi; lo = to) {
		if (!key_used(lo, hi, &to))
			continue;
		generation = (generation + 1) % GENERATIONS;
		view_add(&(struct view){ lo, to, ALIAS_COMMON | (uintptr_t)generation << 48 | lo, 0, 0, 0 });
		changed = 1;
	}
	return changed;
}

/* ---- views that come -------------------------------------------------------------------------------------------------- */

/* The key of a place of a file at an address, and up to which address the answer holds. */
static uintptr_t place_key(const struct alias_file *f, uintptr_t lo, uintptr_t hi, uintptr_t *to)
{
	uintptr_t key = lo;
	uint64_t room;

	*to = hi;
	for (uint32_t i = 0; i < race_tables.views; i++) {
		const struct view *v = &views[i];

		if (!same_file(v, f) || v->at + (v->hi - v->lo) <= f->at)
			continue;
		room = v->at > f->at ? v->at - f->at : v->at + (v->hi - v->lo) - f->at;
		if (room < *to - lo)
			*to = lo + room;
		if (v->at <= f->at)
			return v->key + (f->at - v->at);
	}
	for (uint32_t i = 0; i < race_tables.views; i++) {
		const struct view *v = &views[i];

		if (!is_displaced(v) || v->hi <= lo || v->lo >= *to)
			continue;
		if (v->lo > lo) {
			*to = v->lo;
		} else {
			key = v->key + (lo - v->lo);
			if (v->hi < *to)
				*to = v->hi;
		}
	}
	return key;
}

static int shows_already(uintptr_t lo, uintptr_t hi, const struct alias_file *f)
{
	for (uint32_t i = 0; i < race_tables.views; i++) {
		const struct view *v = &views[i];

		if (v->lo <= lo && v->hi >= hi)
			return same_file(v, f) && v->at + (lo - v->lo) == f->at;
	}
	return 0;
}

static void view_make(uintptr_t lo, uintptr_t hi, struct alias_file f)
{
	uintptr_t from = lo, to;

	cut(lo, hi);
	displace(lo, hi);
	for (; from < hi; f.at += to - from, from = to) {
		uintptr_t key = place_key(&f, from, hi, &to);

		/* In place of what is displaced there, whose keys are fresh: displace() has just made them. */
		for (uint32_t i = 0; i < race_tables.views;) {
			struct view *v = &views[i];

			if (is_displaced(v) && v->lo < to && v->hi > from)
				i += !view_carve(v, v->lo > from ? v->lo : from, v->hi < to ? v->hi : to);
			else
				i++;
		}
		view_add(&(struct view){ from, to, key, f.device, f.inode, f.at });
	}
}

/* What was released so far went to other objects. */
static void common_begin(struct race_thread *t)
{
	sync_acquire_everything(t);
	sync_release_join(t, ALIAS_COMMON);
}

static int begin(uintptr_t *lo, size_t bytes, uintptr_t *hi)
{
	*hi = (*lo + bytes + 4095) & ~(uintptr_t)4095;
	*lo &= ~(uintptr_t)4095;
	if (*lo >= *hi)
		return 0;
	lock_take(&aliases_lock);
	spilled_now = 0;
	return 1;
}

static void end(struct race_thread *t, int changed)
{
	int spilled = spilled_now;

	if (changed)
		routes_make();
	lock_drop(&aliases_lock);
	if (spilled)
		common_begin(t);
}

void alias_mapped(struct race_thread *t, uintptr_t lo, size_t bytes, const struct alias_file *file)
{
	uintptr_t hi;
	int changed = 0;

	if (!begin(&lo, bytes, &hi))
		return;
	if (!shows_already(lo, hi, file)) {
		view_make(lo, hi, *file);
		changed = 1;
	}
	end(t, changed);
}

void alias_unmapped(struct race_thread *t, uintptr_t lo, size_t bytes)
{
	uintptr_t hi;

	if (begin(&lo, bytes, &hi))
		end(t, cut(lo, hi) && (displace(lo, hi), 1));
}

/* ---- questions -------------------------------------------------------------------------------------------------------- */

int alias_file_at(uintptr_t at, struct alias_file *out)
{
	int found = 0;

	lock_take(&aliases_lock);
	for (uint32_t i = 0; i < race_tables.views && !found; i++) {
		const struct view *v = &views[i];

		if (is_displaced(v) || at < v->lo || at >= v->hi)
			continue;
		*out = (struct alias_file){ v->device, v->inode, v->at + (at - v->lo) };
		found = 1;
	}
	lock_drop(&aliases_lock);
	return found;
}

struct alias_file alias_nameless(void)
{
	static uint64_t last;

	return (struct alias_file){ ALIAS_NAMELESS, add_relaxed(&last, 1), 0 };
}

size_t alias_segment_bytes(uintptr_t at)
{
	size_t bytes = 0;

	lock_take(&aliases_lock);
	for (uint32_t i = 0; i < race_tables.views; i++) {
		const struct view *v = &views[i];

		if (v->device == ALIAS_SEGMENT && v->lo - v->at == at && v->hi - at > bytes)
			bytes = v->hi - at;
	}
	lock_drop(&aliases_lock);
	return bytes;
}

/* ---- start, fork ------------------------------------------------------------------------------------------------------ */

void aliases_reset(void)
{
	store_relaxed(&race_tables.views, 0);
	store_relaxed(&spill_lo, 0);
	store_relaxed(&spill_hi, 0);
	routes_make();
}

/* Mappings are inherited. Forked on top of a change, by a signal handler: what it left is looked at anew. */
void aliases_forked(void)
{
	if (routes_seq & 1)
		routes_make();
}
