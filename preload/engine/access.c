/* SPDX-License-Identifier: MIT */
/*
 * access.c - operations on maps: happens-before, what is remembered of each, who is inside.
 *
 * Happens-before  FastTrack on packed words. A cell holds its last write and its last read; when reads of several threads are
 *            in no order, r says RACE_READ_SHARED and each reader has a word of its own. A write is checked against all,
 *            and clears the reads. Ordering: each word is stored and loaded whole (relaxed), so thread, epoch and
 *            stack never come from two accesses. Two unordered stores within the store-buffer time can hide each
 *            other; the overlap check covers just that case.
 * Same epoch an access that the same thread has made since its last release, with no write of another thread since, needs
 *            neither stack nor record: whatever will race with it races with the recorded one.
 * Overlap    seq is odd while a writer is inside, wslot names the one that came last. Readers write nothing: they compare seq
 *            before and after. Writers do not lock: two that set seq at once are found by wslot at their exits. A thread
 *            never accuses itself: nested operations find their own slot in wslot.
 *            Any release inside an operation (its callback dropped a lock) ends its overlap tracking: others may enter by
 *            right from then on. The cell then looks left.
 *            Exits can be skipped by longjmp and exceptions: a writer whose frame is not below the thread's present
 *            position any more is closed at the thread's next call. That comparison is meaningful on the thread's own
 *            stack only; operations on other stacks (coroutines, signal stacks) are not tracked for overlap.
 * Contracts  unsafe: every operation reads or writes the table cell; the bucket is only noted.
 *            bucket-locked: an operation on one bucket reads or writes the bucket's cell, and reads the table cell;
 *            resize, clear and destroy write the table cell, so they conflict with every operation. An iteration that
 *            names its bucket is an operation on it; one that does not reads the table cell: it takes the bucket
 *            locks one after another inside, where their edges cannot protect what it does at its entry, so it is
 *            judged against resize, clear and destroy only.
 *            concurrent: births and deaths only.
 * Must not   allocate, lock (but to make a cell, to note a resize, or to report), symbolise, or call the real function.
 */
#include "compound.h"
#include "family.h"
#include "found.h"
#include "habit.h"
#include "map.h"
#include "note.h"
#include "resize.h"
#include "trace.h"

/* ---- readers ---------------------------------------------------------------------------------------------------------------- */

static inline int same_epoch_shared(const struct race_thread *t, const struct race_cell *c)
{
	struct race_readers *r = load_acquire(&c->readers); /* partner: readers_get */

	return r && t->slot < load_relaxed(&r->block.cap) && load_relaxed(&readers_present(r)[t->slot]) &&
	       same_epoch(load_relaxed(&readers_notes(r)[t->slot].word), t->epoch);
}

static void readers_raise(struct race_readers *r, uint32_t slot)
{
	uint32_t high = load_relaxed(&r->high);

	while (high <= slot && !__atomic_compare_exchange_n(&r->high, &high, slot + 1, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static int readers_add(struct race_thread *t, struct race_cell *c, const struct race_touch *touch, uint64_t word)
{
	struct race_readers *r = readers_get(c, t->slot);

	if (!r)
		return 0;
	note_write(&readers_notes(r)[t->slot], word, t, touch, load_relaxed(&c->key_kind));
	if (!load_relaxed(&readers_present(r)[t->slot])) {
		readers_raise(r, t->slot);
		store_release(&readers_present(r)[t->slot], 1); /* partner: readers_check */
	}
	return 1;
}

/* The second reader in no order with the first: the first one's word moves into the set. */
static __attribute__((noinline)) void readers_inflate(struct race_thread *t, struct race_cell *c,
						      const struct race_touch *touch, uint64_t first, uint64_t word)
{
	uint32_t slot = word_slot(first), wide = slot > t->slot ? slot : t->slot;
	struct race_readers *r = readers_get(c, wide);
	struct race_note *n;

	if (!r) {
		count_up(COUNT_READERS_NO_ROOM); /* the first reader stays, this one is not remembered */
		return;
	}
	n = &readers_notes(r)[slot];
	if (!note_read(n, cell_note(c, 0), first)) {
		static const struct race_note unknown = { .bucket = RACE_NO_BUCKET };

		note_copy(n, &unknown);
		store_relaxed(&n->word, first);
	}
	readers_raise(r, slot);
	store_release(&readers_present(r)[slot], 1); /* partner: readers_check */
	readers_add(t, c, touch, word);
	store_release(&c->r, RACE_READ_SHARED); /* partner: none; the entries' own stores are paired above */
}

/* A writer looks at every reader and clears the set. A reader that comes in between races with this write, and is checked
 * against it by its own access; its entry may stay and be found by the next writer, which it may well race with too: it did
 * read, and the order is judged by its own word. */
static __attribute__((noinline)) void readers_check(struct race_thread *t, struct race_cell *c, struct conflict *f)
{
	struct race_readers *r = load_acquire(&c->readers); /* partner: readers_get */
	uint32_t high, cap;
	uint8_t *present;

	if (!r)
		return;
	cap = load_relaxed(&r->block.cap);
	high = load_relaxed(&r->high);
	high = high < cap ? high : cap;
	present = readers_present(r);
	for (uint32_t i = 0; i < high; i += 8) {
		if (!load_relaxed((uint64_t *)(void *)(present + i)))
			continue;
		for (uint32_t k = i; k < i + 8; k++) {
			struct race_note *n = &readers_notes(r)[k];
			uint64_t word;

			if (!load_acquire(&present[k])) /* partner: readers_add */
				continue;
			store_relaxed(&present[k], 0);
			word = load_relaxed(&n->word);
			if (word && !ordered(t, word))
				conflict_set(f, t, word, n, 0, 0);
		}
	}
}

/* ---- happens-before ------------------------------------------------------------------------------------------------------------ */

static inline int same_epoch_read(const struct race_thread *t, const struct race_cell *c)
{
	uint64_t r = load_relaxed(&c->r);

	return same_epoch(r, t->epoch) || same_epoch(load_relaxed(&c->w), t->epoch) ||
	       (r == RACE_READ_SHARED && same_epoch_shared(t, c));
}

static inline int same_epoch_write(const struct race_thread *t, const struct race_cell *c)
{
	uint64_t r = load_relaxed(&c->r);

	return same_epoch(load_relaxed(&c->w), t->epoch) && (r == 0 || same_epoch(r, t->epoch));
}

/*
 * A rewound epoch (sync.c, "Bias") may span many releases of one lock. What a report shows as the previous access must still
 * be what the thread did last: another operation, or the same from another place, is recorded anew. So it is while orders that nobody
 * sees are thought of: one may lie between the two. And a place that is worth holding is looked at each time.
 */
static __attribute__((noinline)) int is_newer(uint64_t word, const struct race_touch *touch)
{
	return touch->fp && (load_relaxed(&race_hot[word_stack(word)]) ||
			     !engine_stack_begins(word_stack(word), touch->op, touch->fp[1]));
}

static inline int newer_in_epoch(const struct race_thread *t, uint64_t word, const struct race_touch *touch)
{
	return unlikely(t->rewound | load_relaxed(&race_try_first)) && word != RACE_READ_SHARED && same_epoch(word, t->epoch) &&
	       is_newer(word, touch);
}

static inline void record_done(struct race_thread *t, struct race_cell *c, const struct race_op *op)
{
	uint64_t *recorded = &t->recorded[family_of(op->kind)];
	uint32_t ops = load_relaxed(&c->ops);

	t->dirty = 1;
	store_relaxed(recorded, *recorded + 1); /* read by engine_counters_fold */
	habit_note(t, c);
	if (ops < 255)
		store_relaxed(&c->ops, (uint8_t)(ops + 1));
}

/*
 * Between the look at the cell and the record in it another thread may look, too; a first record writes to fresh memory, which
 * takes a microsecond. So each records with a full barrier and looks (again) after that: one of the two sees the other.
 */
#define swap_all(at, word) __atomic_exchange_n(at, word, __ATOMIC_SEQ_CST) /* partners: each other, fence_all */
#define fence_all() __atomic_thread_fence(__ATOMIC_SEQ_CST)                /* partner: record_write's swap_all */

/* Our note may be over that one's; its time is known all the same. */
static __attribute__((noinline, cold)) void conflict_met(struct conflict *f, const struct race_thread *t, uint64_t word,
							 struct race_cell *c)
{
	conflict_set(f, t, word, cell_note(c, 1), 1, 0);
	if (f->word == word && !f->note.word)
		f->note.ticks = os_ticks();
}

static inline void written_meanwhile(struct race_thread *t, struct race_cell *c, uint64_t now, uint64_t before, struct conflict *f)
{
	if (unlikely(now != before) && now && !ordered(t, now))
		conflict_met(f, t, now, c);
}

/* Another reader's word was there, which ours has pushed out: both go into the set. */
static inline void reader_recorded(struct race_thread *t, struct race_cell *c, const struct race_touch *touch, uint64_t was,
				   uint64_t before, uint64_t word)
{
	if (likely(was == before) || !was)
		return;
	if (was != RACE_READ_SHARED) {
		if (!ordered(t, was))
			readers_inflate(t, c, touch, was, word);
		return;
	}
	if (!readers_add(t, c, touch, word))
		count_up(COUNT_READERS_NO_ROOM);
	store_release(&c->r, RACE_READ_SHARED); /* partner: as in readers_inflate */
}

/* This place was seen racing with another, in doubt; or somebody else had the map before, or may have it since this thread
 * released something after its last write; or nothing is known of it. */
static __attribute__((noinline)) int is_others(const struct race_thread *t, uint64_t w, uint64_t r, uint32_t stack)
{
	if (load_relaxed(&race_hot[stack]) || (!w && !r))
		return 1;
	return (w && !same_epoch(w, t->epoch)) || r == RACE_READ_SHARED || (r && word_slot(r) != t->slot);
}

static __attribute__((noinline)) void record_read(struct race_thread *t, struct race_cell *c, const struct race_touch *touch,
						  struct conflict *f)
{
	uint32_t stack = engine_capture(t, touch->op, touch->fp);
	uint64_t w = load_relaxed(&c->w), r = load_relaxed(&c->r), word = t->epoch | stack;

	f->stack = stack;
	f->captured = 1;
	if (w && unlikely(!ordered(t, w)))
		conflict_set(f, t, w, cell_note(c, 1), 1, 0);
	if (unlikely(touch->op->flags & OP_PASSING))
		return;
	if (unlikely(load_relaxed(&race_try_first)))
		f->first = (uint8_t)is_others(t, w, r, stack);
	if (r == RACE_READ_SHARED) {
		if (!readers_add(t, c, touch, word))
			count_up(COUNT_READERS_NO_ROOM);
		fence_all();
	} else if (!r || likely(ordered(t, r))) {
		note_write(cell_note(c, 0), word, t, touch, load_relaxed(&c->key_kind));
		reader_recorded(t, c, touch, swap_all(&c->r, word), r, word);
	} else {
		readers_inflate(t, c, touch, r, word);
		fence_all();
	}
	written_meanwhile(t, c, load_relaxed(&c->w), w, f);
	record_done(t, c, touch->op);
}

static __attribute__((noinline)) void record_write(struct race_thread *t, struct race_cell *c, const struct race_touch *touch,
						   struct conflict *f)
{
	uint32_t stack = engine_capture(t, touch->op, touch->fp);
	uint64_t w = load_relaxed(&c->w), word = t->epoch | stack, r;

	f->stack = stack;
	f->captured = 1;
	if (w && unlikely(!ordered(t, w)))
		conflict_set(f, t, w, cell_note(c, 1), 1, 0);
	note_write(cell_note(c, 1), word, t, touch, load_relaxed(&c->key_kind));
	written_meanwhile(t, c, swap_all(&c->w, word), w, f);
	r = load_relaxed(&c->r);
	if (unlikely(load_relaxed(&race_try_first)))
		f->first = (uint8_t)is_others(t, w, r, stack);
	if (r == RACE_READ_SHARED)
		readers_check(t, c, f);
	else if (r && unlikely(!ordered(t, r)))
		conflict_set(f, t, r, cell_note(c, 0), 0, 0);
	if (r)
		store_relaxed(&c->r, 0);
	record_done(t, c, touch->op);
}

void access_created(struct race_thread *t, struct race_cell *c, const struct race_op *op, uint32_t stack, uintptr_t map)
{
	struct race_touch touch = { op, map, 0, RACE_NO_BUCKET, NULL };
	uint64_t word = t->epoch | stack;

	if (op->access != ACCESS_WRITE || !(load_relaxed(&race_multi) & RACE_MULTI_THREADS) || t->ignore || t->slot == RACE_NO_SLOT ||
	    load_relaxed(&c->state) != CELL_LIVE)
		return;
	note_write(cell_note(c, 1), word, t, &touch, KEY_NONE);
	store_relaxed(&c->w, word);
	record_done(t, c, op);
}

/* ---- overlap ---------------------------------------------------------------------------------------------------------------------- */

static void open_close(struct race_thread *t, uint32_t i)
{
	struct race_cell *c = t->open[i].cell;

	if (load_relaxed(&c->gen) == t->open[i].gen && load_relaxed(&c->wslot) == t->slot + 1 && (load_relaxed(&c->seq) & 1))
		store_release(&c->seq, load_relaxed(&c->seq) + 1); /* partner: inside_now, op_exit */
}

void open_close_all(struct race_thread *t)
{
	while (t->nopen)
		open_close(t, --t->nopen);
}

void open_settle(struct race_thread *t, uintptr_t sp)
{
	if (sp - t->stack_lo >= t->stack_hi - t->stack_lo)
		return;
	while (t->nopen && t->open[t->nopen - 1].sp <= sp)
		open_close(t, --t->nopen);
}

__attribute__((noinline)) void open_settle_here(struct race_thread *t)
{
	open_settle(t, (uintptr_t)__builtin_frame_address(0));
}

void op_abandon(struct race_thread *t)
{
	open_close_all(t);
	t->releases++; /* reads in progress are not judged at an exit that may come after all */
}

/* Another thread's writer is inside; its slot, or RACE_NO_SLOT. */
static inline uint32_t inside_now(const struct race_thread *t, const struct race_cell *c, uint32_t seq)
{
	uint32_t wslot = load_relaxed(&c->wslot);

	if (likely(!(seq & 1)) || wslot == t->slot + 1 || !wslot || load_relaxed(&c->forks) != race_tables.forks)
		return RACE_NO_SLOT;
	return wslot - 1;
}

/*
 * A writer of that slot is inside at this very moment. If happens-before has found its access, that finding becomes certain;
 * else what it wrote is shown, if the cell still says so.
 */
static __attribute__((noinline, cold)) void caught_inside(struct race_thread *t, struct race_cell *c, uint32_t slot, uint64_t last_write,
							   struct conflict *f)
{
	if (f->word && word_slot(f->word) == slot) {
		f->certain = 1;
	} else if (last_write && word_slot(last_write) == slot) {
		conflict_set(f, t, last_write, cell_note(c, 1), 1, 1);
	}
}

static inline __attribute__((always_inline)) void enter_writer(struct race_thread *t, struct race_cell *c, struct race_op_open *open,
							       int whole_map, uint64_t last_write)
{
	uint32_t seq = load_relaxed(&c->seq);

	open->writer = 1;
	if ((seq & 1) && load_relaxed(&c->wslot) == t->slot + 1 && load_relaxed(&c->forks) == race_tables.forks) {
		open->nested = 1;
		return;
	}
	if (unlikely(t->nopen == RACE_OPEN_OPS)) {
		open->cell = NULL;
		return;
	}
	t->open[t->nopen].cell = c;
	t->open[t->nopen].sp = open->sp;
	t->open[t->nopen++].gen = open->gen;
	store_relaxed(&c->forks, race_tables.forks);
	store_relaxed(&c->wslot, t->slot + 1);
	store_relaxed(&c->seq, seq | 1);
	fence_release(); /* the map's own stores come after; partner: the reader's fence in op_exit */
	if (whole_map && tells_buckets(open->op))
		resize_enter(c, open, last_write);
}

/* The common part of every checked operation: one cell, read or written. whole_map: the cell is the table's, and the map is
 * neither being made nor ended. */
static inline __attribute__((always_inline)) void op_check(struct race_thread *t, struct race_cell *c,
							   const struct race_touch *touch, int write, int whole_map,
							   struct race_op_open *open, struct conflict *f)
{
	uint64_t last_write = load_relaxed(&c->w);
	uint32_t other;

	if (write) {
		if (!same_epoch_write(t, c) || unlikely(newer_in_epoch(t, load_relaxed(&c->w), touch)))
			record_write(t, c, touch, f);
		else if (t->rewound)
			habit_note(t, c);
	} else if (!same_epoch_read(t, c) || unlikely(newer_in_epoch(t, load_relaxed(&c->r), touch))) {
		record_read(t, c, touch, f);
	} else if (t->rewound) {
		habit_note(t, c);
	}
	other = inside_now(t, c, load_acquire(&c->seq)); /* partner: open_close, op_exit of the writer */
	if (unlikely(other != RACE_NO_SLOT))
		caught_inside(t, c, other, last_write, f);
	if (write && unlikely(load_relaxed(&readers_held)))
		meet_readers(t, c, f);
	open->overlapped = 0;
	if (unlikely((uintptr_t)touch->fp - t->stack_lo >= t->stack_hi - t->stack_lo)) {
		if (f->word)
			found_race(t, touch, f, NULL, NULL, 0);
		return;
	}
	open->cell = c;
	open->op = touch->op;
	open->fp = touch->fp;
	/* An annotation's own frame is gone when its begin returns: it lasts as long as the caller's. */
	open->sp = (uintptr_t)(touch->op->flags & OP_NO_FRAME ? touch->fp + 2 : touch->fp);
	open->map = touch->map;
	open->key = touch->key;
	open->bucket = touch->bucket;
	open->gen = load_relaxed(&c->gen);
	open->releases = t->releases;
	open->nested = open->writer = 0;
	if (write) {
		open->buckets = 0;
		enter_writer(t, c, open, whole_map, last_write);
	} else {
		open->seq = load_acquire(&c->seq); /* before the map's own loads; partner: op_exit of the writer */
	}
	if (unlikely(f->word != 0) && (f->certain || !doubted_enough(c)))
		open->overlapped = (uint8_t)found_race(t, touch, f, open, NULL, 0);
	else if (unlikely(f->first) && open->cell)
		hold_inside(t, open, f->stack, engine_first(t, f->stack));
}

/* One bucket of a bucket-locked map; see the head of this file. */
static __attribute__((noinline)) void op_check_bucket(struct race_thread *t, struct race_cell *table,
						      const struct race_touch *touch, struct race_op_open *open)
{
	int write = touch->op->access == ACCESS_WRITE;
	struct conflict f;
	struct race_cell *c;
	uint32_t other;

	f.word = 0;
	f.certain = f.captured = f.first = 0;
	if (!same_epoch_read(t, table))
		record_read(t, table, touch, &f);
	other = inside_now(t, table, load_acquire(&table->seq)); /* partner: as in op_check */
	if (unlikely(other != RACE_NO_SLOT))
		caught_inside(t, table, other, load_relaxed(&table->w), &f);
	c = touch->bucket == RACE_NO_BUCKET ? NULL : cell_bucket(table, touch->bucket);
	if (c)
		op_check(t, c, touch, write, 0, open, &f);
	else if (f.word)
		found_race(t, touch, &f, NULL, NULL, 0);
}

static int bucket_alone(const struct race_op *op)
{
	return op->role != ROLE_RESIZE && op->role != ROLE_CLEAR && op->role != ROLE_DESTROY && op->role != ROLE_CREATE;
}

static __attribute__((noinline, cold)) void found_dead(struct race_thread *t, const struct race_touch *touch,
						       struct race_cell *c)
{
	const struct map_info *i = cell_info(c);
	struct race_finding f;
	uint64_t destroyed, ticks;

	lock_take(&cells_lock);
	destroyed = i->destroyed;
	ticks = i->destroyed_ticks;
	lock_drop(&cells_lock);
	finding_begin(&f, FOUND_DEAD_MAP, VERDICT_CERTAIN);
	access_now(t, &f.now, touch->op, touch->key, touch->bucket, engine_capture(t, touch->op, touch->fp),
		   load_relaxed(&c->key_kind));
	access_describe(&f.before, destroyed, NULL, 1);
	f.before.ticks = ticks;
	finding_deliver(t, &f, c, touch->op, touch->map);
}

/* Everything but the plain case: a map not met before, dead or exempt; one thread only; other contracts; other roles. */
static __attribute__((noinline)) void op_enter_odd(struct race_thread *t, const struct race_touch *touch, struct race_cell *c,
						   struct race_op_open *open)
{
	const struct race_op *op = touch->op;
	int fresh = 0;

	if (!touch->map)
		return; /* no map: and a free cell has the key 0, too */
	if (!c) {
		c = cell_get(touch->map, op->kind, &fresh);
		if (!c)
			return;
	}
	if (fresh && (op->flags & OP_FIRST_USE)) {
		store_relaxed(&cell_info(c)->created_thread, t->number);
		store_relaxed(&cell_info(c)->created_stack, engine_capture(t, op, touch->fp));
	}
	if (load_relaxed(&c->state) == CELL_DEAD && !map_reborn(c, touch->map)) {
		found_dead(t, touch, c);
		return;
	}
	if (load_relaxed(&race_multi) & RACE_MULTI_COMPOUND)
		compound_enter(t, c, touch, open);
	if (op->role == ROLE_DESTROY)
		map_dying(t, c);
	if (!(load_relaxed(&race_multi) & RACE_MULTI_THREADS) || t->ignore || t->slot == RACE_NO_SLOT ||
	    load_relaxed(&c->state) != CELL_LIVE || op->access == ACCESS_NONE)
		return;
	if (load_relaxed(&c->contract) == CONTRACT_BUCKET_LOCKED && bucket_alone(op)) {
		op_check_bucket(t, c, touch, open);
	} else {
		struct conflict f;

		f.word = 0;
		f.certain = f.captured = f.first = 0;
		op_check(t, c, touch, op->access == ACCESS_WRITE, is_whole(op), open, &f);
	}
}

/* A recorder is told. Its end is led to op_exit and to op_exit_traced by what the fields say, whatever they would have said. */
static __attribute__((noinline)) void op_enter_traced(struct race_thread *t, const struct race_touch *touch, struct race_cell *c,
						      struct race_op_open *open)
{
	static struct race_cell nothing;

	if (!touch->map)
		return;
	race_tracer->begin(t, touch, c);
	op_enter_odd(t, touch, c, open);
	if (!open->cell) {
		open->cell = &nothing;
		open->op = touch->op;
		open->map = touch->map;
		open->fp = touch->fp;
		open->writer = open->nested = 0;
		open->gen = 0;
		open->nested = OPEN_UNCHECKED;
	}
	if (!open->writer)
		open->nested |= OPEN_READER;
	open->nested |= OPEN_TRACED;
	open->writer = 1;
}

void op_enter(struct race_thread *t, const struct race_touch *touch, struct race_op_open *open)
{
	struct race_cell *c = cell_find(touch->map);
	const struct race_op *op = touch->op;
	struct conflict f;

	open->cell = NULL;
	if (unlikely(t->nopen))
		open_settle(t, (uintptr_t)touch->fp);
	if (unlikely(!c) || unlikely(!touch->map) || unlikely(load_relaxed(&c->state) != CELL_LIVE) ||
	    unlikely(load_relaxed(&c->contract) != CONTRACT_UNSAFE) || load_relaxed(&race_multi) != 1 || unlikely(t->ignore) ||
	    unlikely(t->slot == RACE_NO_SLOT) || unlikely(op->role == ROLE_DESTROY) || unlikely(op->access == ACCESS_NONE)) {
		if (trace_is_on())
			op_enter_traced(t, touch, c, open);
		else
			op_enter_odd(t, touch, c, open);
		return;
	}
	f.word = 0;
	f.certain = f.captured = f.first = 0;
	op_check(t, c, touch, op->access == ACCESS_WRITE, 1, open, &f);
}

/* Somebody else was inside while this operation was. */
static __attribute__((noinline, cold)) void found_at_exit(struct race_thread *t, struct race_op_open *open, uint32_t wslot, int own)
{
	struct race_touch touch = { open->op, open->map, open->key, open->bucket, open->fp };
	uint64_t w = load_relaxed(&open->cell->w);
	struct conflict f;

	if (open->overlapped || open->releases != t->releases || load_relaxed(&open->cell->gen) != open->gen)
		return;
	if (!w || word_slot(w) + 1 != wslot)
		return; /* nothing left to show of it */
	f.captured = 0;
	conflict_set(&f, t, w, cell_note(open->cell, 1), 1, 1);
	found_race(t, &touch, &f, NULL, open, own);
}

static __attribute__((noinline)) void op_exit_traced(struct race_thread *t, struct race_op_open *open)
{
	uint8_t was = open->nested;

	race_tracer->end(t, open);
	open->nested &= (uint8_t)~(OPEN_TRACED | OPEN_READER | OPEN_UNCHECKED);
	open->writer = !(was & OPEN_READER);
	if (was & OPEN_UNCHECKED)
		open->cell = NULL;
	else
		op_exit(t, open);
}

/* Not inline: readers then leave without a frame. */
static __attribute__((noinline)) void exit_writer(struct race_thread *t, struct race_op_open *open)
{
	struct race_cell *c = open->cell;
	uint32_t wslot, i;
	int resized;

	if (open->nested) {
		if (open->nested & OPEN_TRACED)
			op_exit_traced(t, open);
		else if (open->nested == OPEN_COMPOUND)
			compound_leave(t, open);
		return;
	}
	while (t->nopen && t->open[t->nopen - 1].sp < open->sp)
		open_close(t, --t->nopen); /* exits that were skipped */
	i = t->nopen;
	while (i && t->open[i - 1].sp == open->sp && t->open[i - 1].cell != c)
		i--; /* annotations of one frame may end in any order */
	if (!i || t->open[i - 1].sp != open->sp)
		return; /* closed meanwhile */
	t->nopen--;
	memmove(&t->open[i - 1], &t->open[i], (t->nopen + 1 - i) * sizeof(t->open[0]));
	if (load_relaxed(&c->gen) != open->gen)
		return; /* the map has died in there */
	/* The map's own stores are done before seq gets even; partner: inside_now, the reader in op_exit. */
	wslot = load_relaxed(&c->wslot);
	resized = resize_leave(t, c, open);
	store_release(&c->seq, (load_relaxed(&c->seq) | 1) + 1);
	if (unlikely(wslot != t->slot + 1) && wslot)
		found_at_exit(t, open, wslot, resized);
}

void op_exit(struct race_thread *t, struct race_op_open *open)
{
	struct race_cell *c = open->cell;
	uint32_t wslot;

	if (!c)
		return;
	if (open->writer) {
		exit_writer(t, open);
		return;
	}
	fence_acquire(); /* after the map's own loads; partner: enter_writer */
	if (likely(load_relaxed(&c->seq) == open->seq))
		return;
	wslot = load_relaxed(&c->wslot);
	if (wslot && wslot != t->slot + 1)
		found_at_exit(t, open, wslot, 0);
}
