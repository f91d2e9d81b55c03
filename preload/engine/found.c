/* SPDX-License-Identifier: MIT */
/*
 * found.c - what is made of a conflict that access.c has met: a finding, told to the embedder, and held calls.
 *
 * Owns      the readers that are held inside a map.
 * Held      what the embedder doubts is looked at once more: the thread waits inside its operation, before the real call. Whoever
 *           is ordered with it by what nobody sees cannot come meanwhile; whoever comes makes it certain.
 * Must not  hold a lock while the embedder is called.
 */
#include "found.h"

#include "habit.h"
#include "map.h"
#include "note.h"
#include "resize.h"

void access_describe(struct race_access *a, uint64_t word, const struct race_note *note, int write)
{
	const struct race_op *op = engine_stack_op(word_stack(word));

	memset(a, 0, sizeof(*a));
	a->word = word;
	a->thread = thread_number_of(word);
	/* A bucket operation reads the table cell whatever it does to its bucket: the operation itself knows. */
	a->write = (uint8_t)(op && op->access != ACCESS_NONE ? op->access == ACCESS_WRITE : write);
	a->bucket = RACE_NO_BUCKET;
	if (!note || (note->word && note->word != word))
		return;
	a->ticks = note->ticks;
	if (!note->word)
		return;
	a->have_note = 1;
	a->nlocks = note->nlocks;
	a->key_kind = note->key_kind;
	a->bucket = note->bucket;
	a->context = note->context;
	memcpy(a->locks, note->locks, sizeof(a->locks));
	memcpy(a->key, note->key, sizeof(a->key));
}

void access_now(struct race_thread *t, struct race_access *a, const struct race_op *op, uintptr_t key, uint32_t bucket,
		uint32_t stack, uint32_t map_key_kind)
{
	memset(a, 0, sizeof(*a));
	a->word = t->epoch | stack;
	a->thread = t->number;
	a->write = op->access == ACCESS_WRITE;
	a->have_note = 1;
	a->nlocks = (uint8_t)(t->nheld + t->held_lost < 255 ? t->nheld + t->held_lost : 255);
	for (uint32_t i = 0; i < RACE_NOTE_LOCKS && i < t->nheld; i++)
		a->locks[i] = t->held[t->nheld - 1 - i];
	a->bucket = bucket;
	a->context = t->context;
	a->ticks = os_ticks();
	a->key_kind = (uint8_t)key_read(op, map_key_kind, &key);
	if (a->key_kind != KEY_NONE)
		key_note(a->key, a->key_kind, key);
}

uint32_t finding_deliver(struct race_thread *t, struct race_finding *f, const struct race_cell *table, const struct race_op *op,
			 uintptr_t map)
{
	f->map = map;
	f->op = op;
	f->map_kind = op->kind;
	f->created_stack = f->created_thread = f->map_ops = 0;
	memset(f->label, 0, sizeof(f->label));
	if (table) {
		const struct map_info *i = cell_info(table);

		lock_take(&cells_lock);
		if (i->kind)
			f->map_kind = i->kind;
		f->created_stack = i->created_stack;
		f->created_thread = i->created_thread;
		f->map_ops = load_relaxed(&table->ops);
		memcpy(f->label, i->label, sizeof(f->label) - 1);
		lock_drop(&cells_lock);
	}
	return engine_found(t, f);
}

/*
 * A map that is ordered by what nobody sees makes a doubtful finding of nearly every access. After so many that came to nothing
 * only some are looked at; calls that meet inside the map always are.
 */
int doubted_enough(const struct race_cell *c)
{
	struct map_habit *h = cell_habit(c);
	uint32_t doubts = load_relaxed(&h->doubts);

	if (doubts < 1024)
		return 0;
	store_relaxed(&h->doubts, doubts + 1);
	return (doubts & 31) != 0;
}

#define LOOKS_AGAIN_NS 20000000 /* a few slices of a busy scheduler */

/* What the habits of the map and of this thread say about a race; the table cell is the map's. */
static void find_habits(struct race_finding *f, const struct race_thread *t, const struct race_cell *table)
{
	struct map_habit *h = cell_habit(table);

	/* What it waited for may have come after it last woke and before it looked again, and the system may have stopped it there. */
	if (t->polls && (t->poll_ticks > f->before.ticks || ticks_to_ns(f->now.ticks - t->poll_ticks - 2 * t->poll_gap) < LOOKS_AGAIN_NS ||
			 f->now.ticks - t->poll_ticks < 2 * t->poll_gap)) {
		f->polls = t->polls;
		f->poll_site = t->poll_site;
	}
	f->usual_lock = habit_usual(table, &f->usual_held, &f->usual_of);
	if (!f->usual_lock || load_relaxed(&table->contract) != CONTRACT_UNSAFE) {
		f->usual_lock = 0;
		return;
	}
	f->usual_lacks = (uint8_t)(habit_broken(&f->now, f->usual_lock) | habit_broken(&f->before, f->usual_lock) << 1);
	if (f->op->role != ROLE_DESTROY && f->op->role != ROLE_CREATE)
		store_relaxed(&h->broken, load_relaxed(&h->broken) | f->usual_lacks);
	f->usual_broken = (uint8_t)(load_relaxed(&h->broken) == 3);
}

/*
 * Both hold one lock that makes no edges (LOCK_NO_EDGE: a library's own, hooks/glib_lock.c): ordered, though no edge says so.
 */
static int under_one_lock(const struct race_thread *t, const struct race_note *note)
{
	for (uint32_t i = 0; i < RACE_NOTE_LOCKS && i < note->nlocks; i++) {
		for (uint32_t k = 0; k < t->nheld; k++) {
			if (note->locks[i] == t->held[k] && note->locks[i] & LOCK_NO_EDGE)
				return 1;
		}
	}
	return 0;
}

/* certain: the other one is inside at this moment, so no order that nobody saw can excuse it. */
__attribute__((noinline, cold)) void conflict_set(struct conflict *f, const struct race_thread *t, uint64_t word,
						  const struct race_note *note, int write, int certain)
{
	struct race_note was;

	if (f->word && !certain)
		return;
	if (!certain && note_read(&was, note, word) && under_one_lock(t, &was))
		return;
	if (!certain && once_covers(word)) {
		count_up(COUNT_HIDDEN_BY_ONCE);
		return;
	}
	f->word = word;
	f->certain = (uint8_t)certain;
	f->write = (uint8_t)write;
	if (!note_read(&f->note, note, word))
		f->note.word = f->note.ticks = 0; /* another access has been noted over it */
}

/*
 * Readers leave no trace of being inside, so a writer could not see one that is held there; it would go on, and the reader might
 * not live to tell. So those are told here. An entry is its thread's own while cell is set.
 */
#define HELD_READERS 16
static struct {
	struct race_cell *cell;
	uint64_t word;
} held_readers[HELD_READERS];
uint32_t readers_held;

static int reader_enters(struct race_cell *c, uint64_t word)
{
	for (int i = 0; i < HELD_READERS; i++) {
		struct race_cell *free = NULL;

		if (!cas_acq_rel(&held_readers[i].cell, &free, c))
			continue;
		store_relaxed(&held_readers[i].word, word);
		add_relaxed(&readers_held, 1);
		return i;
	}
	return -1;
}

static void reader_leaves(int i)
{
	if (i < 0)
		return;
	sub_relaxed(&readers_held, 1);
	store_relaxed(&held_readers[i].word, 0);
	store_release(&held_readers[i].cell, NULL); /* partner: reader_enters */
}

/* A writer comes: is a reader of another thread held inside? */
__attribute__((noinline, cold)) void meet_readers(struct race_thread *t, struct race_cell *c, struct conflict *f)
{
	for (int i = 0; i < HELD_READERS; i++) {
		uint64_t word = load_relaxed(&held_readers[i].word);

		if (load_relaxed(&held_readers[i].cell) != c || !word || word_slot(word) == t->slot)
			continue;
		if (f->word && word_slot(f->word) == word_slot(word))
			f->certain = 1;
		else
			conflict_set(f, t, word, cell_note(c, 0), 0, 1);
	}
}

/* Keeps the thread inside its operation for that many rounds, or until somebody else came to the map: whoever is second of the two
 * has seen it. 1: somebody did. */
__attribute__((noinline, cold)) int hold_inside(struct race_thread *t, const struct race_op_open *open, uint32_t stack,
						uint32_t rounds)
{
	uint64_t overlaps = load_relaxed(&race_counters[COUNT_OVERLAPS]);
	int reader = rounds && !open->writer ? reader_enters(open->cell, t->epoch | stack) : -1, met = 0;

	for (; rounds && !met && engine_hold(t); rounds--)
		met = overlaps != load_relaxed(&race_counters[COUNT_OVERLAPS]);
	reader_leaves(reader);
	return met;
}

/* inside: the operation has begun, and can be held; NULL: it cannot. at_end: it has ended, and own: it has resized the map;
 * NULL, 0: at its beginning. Returns 1 when nothing more is to be found out about it. */
__attribute__((noinline, cold)) int found_race(struct race_thread *t, const struct race_touch *touch, struct conflict *c,
					       const struct race_op_open *inside, const struct race_op_open *at_end, int own)
{
	struct race_cell *table = cell_find(touch->map);
	struct race_finding f;
	uint32_t rounds;

	if (c->certain)
		count_up(COUNT_OVERLAPS);
	count_up(COUNT_RACES);
	if (!c->captured)
		c->stack = engine_capture(t, touch->op, touch->fp);
	finding_begin(&f, FOUND_RACE, c->certain ? VERDICT_CERTAIN : VERDICT_LIKELY);
	f.op = touch->op;
	access_now(t, &f.now, touch->op, touch->key, touch->bucket, c->stack, table ? load_relaxed(&table->key_kind) : KEY_NONE);
	access_describe(&f.before, c->word, &c->note, c->write);
	if (table)
		find_habits(&f, t, table);
	if (table && tells_buckets(touch->op))
		resize_of_race(&f, table, touch, c->certain, at_end, own);
	rounds = finding_deliver(t, &f, table, touch->op, touch->map);
	if (!rounds)
		return 1;
	if (table)
		store_relaxed(&cell_habit(table)->doubts, load_relaxed(&cell_habit(table)->doubts) + 1);
	if (rounds == ANSWER_DOUBT)
		return 0;
	if (!inside || !inside->cell)
		rounds = 0;
	f.held = hold_inside(t, inside, c->stack, rounds) ? HELD_AND_MET : rounds ? HELD_ALONE : HELD_NOT;
	engine_found(t, &f);
	return 0;
}
