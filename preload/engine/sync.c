/* SPDX-License-Identifier: MIT */
/*
 * sync.c - what a release puts into an object and an acquire takes out of it.
 *
 * Owns       the table of sync objects, the clock pool, the overflow clock, the once clock.
 * Writers    sync_release: the one thread that has the object to itself (it is about to unlock it); no lock. The next
 *            holder's acquire is ordered behind it by the program's own primitive, so plain stores suffice. sync_release_join:
 *            any number of threads, under the object's spinlock; the object is then SYNC_JOINED and acquires take the
 *            spinlock too.
 * Shortcuts  1. A thread whose clock covers no recorded access (!loaded, !dirty) has nothing to hand over, so its release
 *            is dropped. Proof that this loses no edge that matters: an edge matters when it orders a recorded access a
 *            before a later one. a lies in the releaser's past only if the releaser made it (dirty, then loaded) or
 *            acquired it from such a thread (loaded). This covers all time before the second thread exists and before
 *            any map is used: a program without maps has an empty table.
 *            2. A release opens a new epoch only when the thread accessed a map since its last one; otherwise the epochs
 *            of all its accesses are published already.
 *            3. An object that holds the caller's present clock is not written, and a clock that the acquirer has
 *            joined before (its slot and version are covered by `seen`) is not joined again. A clock of a slot with a
 *            higher version includes those with lower ones, also across the slot's incarnations (thread.c).
 * Misuse     a program that unlocks what it does not own may tear a clock; each entry still is some thread's real clock,
 *            and widths are checked against the storage they belong to, which is only ever replaced by larger one and stays
 *            chained until the object is forgotten.
 * Aliases    what lies in memory that is mapped twice is filed under one key: alias.c. From there on `obj` is that key.
 * When full  no place in the table, or no clock of the width needed: the clock is joined into the one overflow clock, which
 *            is taken by every acquire of an object that is not in the table or is marked SYNC_SPILLED. Edges are added,
 *            never lost.
 */
#include "alias.h"
#include "clock.h"

struct lock syncs_lock, overflow_lock, once_lock;
struct pool clock_pool;

/* Guarded by its lock. version and race_tables.overflowed are read without. */
static struct {
	uint32_t version, n;
	uint32_t vc[RACE_SLOTS];
} overflow;

static struct {
	uint32_t n;
	uint32_t vc[RACE_SLOTS]; /* read without lock */
} once;

static const uint32_t clock_caps[POOL_CLASSES] = { 24, 64, 512, 4096, 8192 };
static const uint32_t clock_limits[POOL_CLASSES] = { 1 << 18, 1 << 17, 1 << 14, 1 << 11, 1 << 10 };
_Static_assert(RACE_SLOTS <= 8192, "the largest clock fits the largest class");

int syncs_init(int small)
{
	uint32_t size = small ? 8 : 1u << SYNCS_BITS >> os_table_shift();
	struct race_tables *T = &race_tables;

	pool_reset(&clock_pool);
	for (uint32_t i = 0; i < POOL_CLASSES; i++) {
		clock_pool.classes[i].cap = clock_caps[i];
		clock_pool.classes[i].bytes = (uint32_t)(sizeof(struct clock_block) + clock_caps[i] * sizeof(uint32_t));
		clock_pool.classes[i].limit = small ? 2 : clock_limits[i] >> os_table_shift();
	}
	if (T->syncs) {
		os_unmap(T->syncs, (T->sync_mask + 1ul) * sizeof(*T->syncs));
		os_unmap(T->sync_reach, T->sync_mask + 1ul);
		memset(&overflow, 0, sizeof(overflow));
		memset(&once, 0, sizeof(once));
	}
	T->syncs = os_map(size * sizeof(*T->syncs));
	T->sync_reach = os_map(size);
	T->sync_mask = size - 1;
	T->sync_used = T->overflowed = 0;
	return T->syncs && T->sync_reach ? 0 : -1;
}

/* ---- the table ------------------------------------------------------------------------------------------------------ */

__attribute__((noinline)) struct sync_object *sync_probe(uintptr_t obj, uint32_t home)
{
	uint32_t reach = load_relaxed(&race_tables.sync_reach[home]);

	for (uint32_t i = 1; i < reach; i++) {
		struct sync_object *o = &race_tables.syncs[(home + i) & race_tables.sync_mask];

		if (load_relaxed(&o->key) == obj)
			return o;
	}
	return NULL;
}

/* Caller holds syncs_lock; the key is not in the table. */
static struct sync_object *sync_place(uintptr_t obj)
{
	uint32_t home = sync_home(obj);

	for (uint32_t i = 0; i < race_tables.probe; i++) {
		struct sync_object *o = &race_tables.syncs[(home + i) & race_tables.sync_mask];

		if (load_relaxed(&o->key))
			continue;
		if (race_tables.sync_reach[home] <= i)
			store_relaxed(&race_tables.sync_reach[home], (uint8_t)(i + 1));
		page_enter(obj);
		return o;
	}
	return NULL;
}

static struct sync_object *sync_insert(uintptr_t obj)
{
	struct sync_object *o;

	lock_take(&syncs_lock);
	o = sync_find(obj);
	if (!o) {
		o = sync_place(obj);
		if (o) {
			store_relaxed(&o->rel, 0);
			store_relaxed(&o->big, NULL);
			store_relaxed(&o->n, 0);
			store_relaxed(&o->lock, 0);
			/* Earlier releases may have gone to the overflow clock while there was no place. */
			store_relaxed(&o->flags, race_tables.overflowed ? SYNC_SPILLED : 0);
			store_release(&o->key, obj); /* partner: none needed; a reader that matters is ordered by the program */
		}
	}
	lock_drop(&syncs_lock);
	return o;
}

/* Caller holds syncs_lock. */
static void sync_unplace(struct sync_object *o)
{
	uintptr_t obj = o->key;
	uint32_t home = sync_home(obj), reach = race_tables.sync_reach[home];

	store_relaxed(&o->key, 0);
	page_leave(obj);
	for (; reach; reach--) {
		uintptr_t key = load_relaxed(&race_tables.syncs[(home + reach - 1) & race_tables.sync_mask].key);

		if (key && sync_home(key) == home)
			break;
	}
	store_relaxed(&race_tables.sync_reach[home], (uint8_t)reach);
}

static void sync_remove(struct sync_object *o)
{
	struct clock_block *big = o->big;

	sync_unplace(o);
	store_relaxed(&o->big, NULL);
	if (big)
		pool_give(&clock_pool, &big->block);
}

void sync_forget(uintptr_t obj)
{
	struct sync_object *o;

	if (!load_relaxed(&race_tables.sync_used))
		return;
	obj = sync_key(obj);
	if (!sync_find(obj))
		return;
	lock_take(&syncs_lock);
	o = sync_find(obj);
	if (o)
		sync_remove(o);
	lock_drop(&syncs_lock);
}

/* ---- ranges; each lies within one page of memory --------------------------------------------------------------------- */

static uint32_t grains(uintptr_t lo, size_t bytes)
{
	return (uint32_t)(((lo + bytes - 1) >> SYNC_GRAIN) - (lo >> SYNC_GRAIN) + 1);
}

int syncs_in_range(uintptr_t lo, size_t bytes)
{
	return reach_any(race_tables.sync_reach, race_tables.sync_mask, sync_home(lo), grains(lo, bytes));
}

/* Next object of the range whose home is home + *at or later, below home + n; caller holds syncs_lock. */
static struct sync_object *range_next(uint32_t home, uint32_t n, uintptr_t lo, size_t bytes, uint32_t *at)
{
	for (; *at < n; ++*at) {
		uint32_t h = (home + *at) & race_tables.sync_mask;

		for (uint32_t i = 0; i < race_tables.sync_reach[h]; i++) {
			struct sync_object *o = &race_tables.syncs[(h + i) & race_tables.sync_mask];

			if (o->key && o->key - lo < bytes)
				return o;
		}
	}
	return NULL;
}

static void forget_homes(uint32_t home, uint32_t n, uintptr_t lo, size_t bytes)
{
	struct sync_object *o;
	uint32_t at = 0;

	lock_take(&syncs_lock);
	while ((o = range_next(home, n, lo, bytes, &at)))
		sync_remove(o);
	lock_drop(&syncs_lock);
}

void syncs_forget_range(uintptr_t lo, size_t bytes)
{
	forget_homes(sync_home(lo), grains(lo, bytes), lo, bytes);
}

void syncs_forget_huge(uintptr_t lo, size_t bytes)
{
	forget_homes(0, race_tables.sync_mask + 1, lo, bytes);
}

static void overflow_join(const uint32_t *vc, uint32_t n)
{
	lock_take(&overflow_lock);
	if (clock_join(overflow.vc, vc, n) & CLOCK_GREW)
		store_relaxed(&overflow.version, overflow.version + 1);
	if (overflow.n < n)
		overflow.n = n;
	store_relaxed(&race_tables.overflowed, 1);
	lock_drop(&overflow_lock);
	if (!load_relaxed(&race_tables.sync_used))
		store_relaxed(&race_tables.sync_used, 1);
}

/* Width and place of the object's clock, never more than its storage holds. */
static const uint32_t *object_clock(const struct sync_object *o, uint32_t *n)
{
	const struct clock_block *big = load_acquire(&o->big); /* partner: object_grow */
	uint32_t cap = big ? load_relaxed(&big->block.cap) : 8;

	*n = load_relaxed(&o->n);
	if (unlikely(*n > cap))
		*n = cap;
	return big ? big->vc : o->in;
}

void syncs_move_range(uintptr_t lo, size_t bytes, uintptr_t to)
{
	struct sync_object *o;
	uint32_t at = 0;

	lock_take(&syncs_lock);
	while ((o = range_next(sync_home(lo), grains(lo, bytes), lo, bytes, &at))) {
		struct sync_object moved = *o, *place;
		uintptr_t key = sync_key(to + (o->key - lo));

		sync_unplace(o);
		store_relaxed(&o->big, NULL);
		place = sync_find(key);
		if (place)
			sync_remove(place);
		place = sync_place(key);
		if (place) {
			moved.key = 0;
			moved.lock = 0;
			*place = moved;
			store_release(&place->key, key); /* partner: as in sync_insert */
		} else {
			uint32_t n;
			const uint32_t *vc = object_clock(&moved, &n);

			count_up(COUNT_SYNC_NO_ROOM);
			overflow_join(vc, n);
			if (moved.big)
				pool_give(&clock_pool, &moved.big->block);
		}
	}
	lock_drop(&syncs_lock);
}

/* ---- objects ------------------------------------------------------------------------------------------------------------- */

static uint8_t lock_tag(void)
{
	return (uint8_t)(1 + race_tables.forks % 255);
}

/* A tag of another fork generation is the lock of a thread that does not exist in this process. */
static void object_lock(struct sync_object *o)
{
	uint8_t tag = lock_tag();

	for (;;) {
		uint8_t held = load_relaxed(&o->lock);

		if (held != tag && cas_acq_rel(&o->lock, &held, tag)) /* partner: object_unlock */
			return;
		pause_cpu();
	}
}

static void object_unlock(struct sync_object *o)
{
	store_release(&o->lock, 0); /* partner: object_lock */
}

static uint64_t release_word(const struct race_thread *t)
{
	return t->slot == RACE_NO_SLOT ? 0 : (uint64_t)t->slot << 32 | t->version;
}

static inline int release_covered(const struct race_thread *t, uint64_t rel)
{
	uint32_t slot = (uint32_t)(rel >> 32);

	return rel && (slot == t->slot || t->seen[slot] >= (uint32_t)rel);
}

static inline int object_fits(const struct sync_object *o, uint32_t n)
{
	const struct clock_block *big = load_relaxed(&o->big);

	return big ? load_relaxed(&big->block.cap) >= n : n <= 8;
}

/* Room for n entries; what the object holds now stays. */
static int object_grow(struct sync_object *o, uint32_t n)
{
	uint32_t had;
	const uint32_t *vc;
	struct clock_block *old, *big;

	if (object_fits(o, n))
		return 1;
	old = load_relaxed(&o->big);
	big = (struct clock_block *)pool_take(&clock_pool, n);
	if (!big) {
		count_up(COUNT_CLOCK_NO_ROOM);
		return 0;
	}
	vc = object_clock(o, &had);
	clock_copy(big->vc, vc, had < n ? had : n);
	big->block.next = old ? &old->block : NULL;
	if (!cas_acq_rel(&o->big, &old, big)) { /* partner: object_clock. Two threads unlock at once: misuse */
		big->block.next = NULL;
		pool_give(&clock_pool, &big->block);
		return object_fits(o, n);
	}
	return 1;
}

/* The object's clock becomes the thread's; it fits. */
static inline void object_set(struct sync_object *o, const struct race_thread *t, uint64_t me)
{
	struct clock_block *big = load_relaxed(&o->big);

	clock_copy(big ? big->vc : o->in, t->vc, t->n);
	store_relaxed(&o->n, (uint16_t)t->n);
	store_relaxed(&o->taken, 0);
	store_relaxed(&o->rel, me);
}

/* ---- aliases ----------------------------------------------------------------------------------------------------------------- */

static __attribute__((noinline)) uintptr_t aliased_release(struct race_thread *t, uintptr_t obj)
{
	if (unlikely(alias_is_spilled(obj)))
		sync_release_join(t, ALIAS_COMMON);
	return alias_key(obj);
}

static __attribute__((noinline)) uintptr_t aliased_acquire(struct race_thread *t, uintptr_t obj)
{
	if (unlikely(alias_is_spilled(obj)))
		sync_acquire(t, ALIAS_COMMON);
	return alias_key(obj);
}

/* ---- release ---------------------------------------------------------------------------------------------------------------- */

/* Makes the thread's clock ready to be handed over; 0 when there is nothing in it. */
static inline int release_begin(struct race_thread *t)
{
	t->releases++;
	if (unlikely(t->nopen))
		open_close_all(t);
	if (t->dirty) {
		t->rewound = t->rewinds = 0;
		thread_tick(t);
	} else {
		thread_unrewind(t);
	}
	return t->loaded && likely(t->vc != NULL);
}

static struct sync_object *object_get(struct race_thread *t, uintptr_t obj)
{
	struct sync_object *o = sync_find(obj);

	if (!load_relaxed(&race_tables.sync_used))
		store_relaxed(&race_tables.sync_used, 1);
	if (!o)
		o = sync_insert(obj);
	if (!o) {
		count_up(COUNT_SYNC_NO_ROOM);
		overflow_join(t->vc, t->n);
	}
	return o;
}

static __attribute__((noinline)) void release_slow(struct race_thread *t, uintptr_t obj)
{
	struct sync_object *o = object_get(t, obj);
	uint32_t joined;

	if (!o)
		return;
	joined = load_relaxed(&o->flags) & SYNC_JOINED;
	if (joined)
		object_lock(o);
	if (object_grow(o, t->n)) {
		object_set(o, t, release_word(t));
		store_relaxed(&o->flags, (uint8_t)joined);
	} else {
		store_relaxed(&o->flags, (uint8_t)(joined | SYNC_SPILLED));
		overflow_join(t->vc, t->n);
	}
	if (joined)
		object_unlock(o);
}

void sync_release(struct race_thread *t, uintptr_t obj)
{
	uint32_t dirty, slot = t->slot;
	struct sync_object *o;
	uint64_t me;

	if (unlikely(load_relaxed(&race_tables.aliased)))
		obj = aliased_release(t, obj);
	dirty = t->dirty;
	if (!release_begin(t))
		return;
	o = sync_find(obj);
	me = release_word(t);
	if (likely(o != NULL) && likely(!load_relaxed(&o->flags))) {
		if (me && load_relaxed(&o->rel) == me)
			return;
		if (likely(object_fits(o, t->n))) {
			object_set(o, t, me);
			/* Not dirty: some other object has this version too. Moved to another slot: the epoch before
			 * this one is the predecessor's there. */
			t->biased = dirty && t->slot == slot ? o : NULL;
			t->biased_version = t->version;
			return;
		}
	}
	t->biased = NULL;
	release_slow(t, obj);
}

/* Under the object's lock. */
static void object_join(struct sync_object *o, struct race_thread *t)
{
	uint64_t me = release_word(t), rel = load_relaxed(&o->rel);
	uint32_t n;

	object_clock(o, &n);
	if (me && rel == me)
		return;
	if (!object_grow(o, t->n)) {
		store_relaxed(&o->flags, load_relaxed(&o->flags) | SYNC_SPILLED);
		overflow_join(t->vc, t->n);
		return;
	}
	if (!n || release_covered(t, rel)) {
		object_set(o, t, me);
	} else {
		struct clock_block *big = load_relaxed(&o->big);
		uint32_t *vc = big ? big->vc : o->in;
		int change;

		if (n < t->n)
			memset(vc + n, 0, (t->n - n) * sizeof(*vc));
		change = clock_join(vc, t->vc, t->n);
		if (n < t->n)
			store_relaxed(&o->n, (uint16_t)t->n);
		/* What the object held was all in t's clock: then it is t's clock now. */
		store_relaxed(&o->rel, (change & CLOCK_HAS_MORE) || n > t->n ? 0 : me);
	}
}

void sync_release_join(struct race_thread *t, uintptr_t obj)
{
	struct sync_object *o;

	if (unlikely(load_relaxed(&race_tables.aliased)))
		obj = aliased_release(t, obj);
	t->biased = NULL;
	if (!release_begin(t))
		return;
	o = object_get(t, obj);
	if (!o)
		return;
	object_lock(o);
	store_relaxed(&o->flags, load_relaxed(&o->flags) | SYNC_JOINED);
	object_join(o, t);
	object_unlock(o);
}

/* What the thread does next to a map is recorded anew: else an access between two polls would not be told from none. */
void sync_polled(struct race_thread *t, uintptr_t site)
{
	if (t->dirty) {
		t->rewound = t->rewinds = 0;
		thread_tick(t);
		t->polls = 0;
	}
	t->polls = t->poll_site == site ? t->polls + 1 : 1;
	t->poll_site = site;
	t->poll_gap = os_ticks() - t->poll_ticks;
	t->poll_ticks += t->poll_gap;
}

/* ---- acquire ------------------------------------------------------------------------------------------------------------------ */

/* Before a join and outside all locks: the version has room to grow. */
static inline void acquire_begin(struct race_thread *t)
{
	if (likely(t->version < race_version_max))
		return;
	if (t->slot != RACE_NO_SLOT)
		thread_tick(t); /* moves to another slot */
	else
		t->version = 1;
}

static inline void acquire_clock(struct race_thread *t, const uint32_t *vc, uint32_t n)
{
	if (n > t->n)
		t->n = n;
	if (clock_join(t->vc, vc, n) & CLOCK_GREW) {
		t->loaded = 1;
		t->version++;
		/* A foreign thread took our present epoch along, and here it comes back: what we do from now on is not in it. */
		if (likely(t->slot != RACE_NO_SLOT) && unlikely(t->vc[t->slot] >= word_clock(t->epoch)))
			store_relaxed(&t->epoch, word_epoch(t->slot, t->vc[t->slot] + 1));
	}
}

static __attribute__((noinline)) void overflow_acquire(struct race_thread *t)
{
	if (!load_relaxed(&race_tables.overflowed) || t->overflow_seen == load_relaxed(&overflow.version))
		return;
	acquire_begin(t);
	lock_take(&overflow_lock);
	t->overflow_seen = overflow.version;
	acquire_clock(t, overflow.vc, overflow.n);
	lock_drop(&overflow_lock);
}

/* Joins the object's clock into the thread's, or, for a thread that has none, into everybody's. */
static void acquire_object(struct race_thread *t, struct sync_object *o)
{
	uint32_t joined = load_relaxed(&o->flags) & SYNC_JOINED, n;
	const uint32_t *vc;
	uint64_t rel;

	if (joined)
		object_lock(o);
	rel = load_relaxed(&o->rel);
	vc = object_clock(o, &n);
	if (!t->vc) {
		overflow_join(vc, n);
	} else if (!release_covered(t, rel)) {
		acquire_clock(t, vc, n);
		if (rel)
			t->seen[rel >> 32] = (uint32_t)rel;
	}
	if (joined)
		object_unlock(o);
}

static __attribute__((noinline)) void acquire_slow(struct race_thread *t, uintptr_t obj)
{
	struct sync_object *o = sync_find(obj);
	int everybody = load_relaxed(&race_tables.sync_used) == 2;

	if (t->vc)
		acquire_begin(t);
	if (o)
		acquire_object(t, o);
	if (t->vc && (everybody || !o || (load_relaxed(&o->flags) & SYNC_SPILLED)))
		overflow_acquire(t);
}

/*
 * Bias: a thread that takes, for itself alone, the lock it gave last, and that nobody took in between, goes on in the epoch
 * that it closed then. Nobody but itself knows that epoch: it went into this object only (biased), and nobody acquired that
 * (taken); nor has the thread done anything since. So an access now is indistinguishable from one before that release,
 * most are recorded already, and the next release finds the object up to date. After REWINDS times in a row a new epoch is
 * opened all the same, so that the time of the recorded access does not grow old; what is done from another place is
 * recorded at once (access.c, newer_in_rewound).
 */
static inline void rewind_epoch(struct race_thread *t, const struct sync_object *o, uint64_t rel)
{
	enum { REWINDS = 64 };

	if ((uint32_t)rel != t->version || t->biased_version != t->version || load_relaxed(&o->taken) || t->dirty || t->rewound ||
	    t->slot == RACE_NO_SLOT || t->rewinds == REWINDS)
		return;
	t->rewound = 1;
	t->rewinds++;
	store_relaxed(&t->epoch, t->epoch - RACE_ONE_TICK); /* read by foreign threads that start */
}

static inline void acquire(struct race_thread *t, uintptr_t obj, int alone)
{
	uint32_t used = load_relaxed(&race_tables.sync_used), n;
	struct sync_object *o;
	const uint32_t *vc;
	uint64_t rel;

	if (unlikely(t->nopen))
		open_settle_here(t);
	if (!used)
		return;
	if (unlikely(load_relaxed(&race_tables.aliased)))
		obj = aliased_acquire(t, obj);
	o = sync_find(obj);
	if (unlikely(used == 2)) {
		acquire_slow(t, obj);
		return;
	}
	if (unlikely(!o)) {
		overflow_acquire(t);
		return;
	}
	rel = load_relaxed(&o->rel);
	if (unlikely(load_relaxed(&o->flags))) {
		if (!release_covered(t, rel) || (load_relaxed(&o->flags) & SYNC_SPILLED))
			acquire_slow(t, obj);
		return;
	}
	if ((uint32_t)(rel >> 32) == t->slot) {
		if (alone && o == t->biased)
			rewind_epoch(t, o, rel);
	} else if (!load_relaxed(&o->taken)) {
		store_relaxed(&o->taken, 1);
	}
	if (release_covered(t, rel))
		return;
	acquire_begin(t);
	vc = object_clock(o, &n);
	acquire_clock(t, vc, n);
	if (likely(rel))
		t->seen[rel >> 32] = (uint32_t)rel;
}

void sync_acquire(struct race_thread *t, uintptr_t obj)
{
	acquire(t, obj, 0);
}

void sync_acquire_alone(struct race_thread *t, uintptr_t obj)
{
	acquire(t, obj, 1);
}

/* ---- once ------------------------------------------------------------------------------------------------------------------------ */

/*
 * The real edge of a once object goes to whoever sees its flag by an inlined load. Handing it to everybody would order too
 * much and hide the races of first use; so it is kept apart and asked only when a race would be reported.
 */
void sync_publish_once(struct race_thread *t, uintptr_t obj)
{
	(void)obj;
	t->biased = NULL;
	if (!release_begin(t))
		return;
	lock_take(&once_lock);
	for (uint32_t i = 0; i < t->n; i++) {
		if (once.vc[i] < t->vc[i])
			store_relaxed(&once.vc[i], t->vc[i]);
	}
	lock_drop(&once_lock);
}

int once_covers(uint64_t word)
{
	return load_relaxed(&once.vc[word_slot(word)]) >= word_clock(word);
}
