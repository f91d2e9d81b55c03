/* SPDX-License-Identifier: MIT */
/*
 * state.h - what the engine's files share among themselves: the tables, their geometry, and who may call whom.
 *
 * Lock order (engine_lock_all takes them in it): aliases, threads, syncs, cells, overflow, once, contexts, pools. A sync object's own
 * spinlock is taken inside none of them but may be held while pools' is. No lock is held while the embedder is called.
 *
 * Tables     open addressing in neighbourhoods: a key whose home is h lies in one of the `probe` slots h, h+1, ... (modulo
 *            the size), or it is not there; reach[h] says how far such keys lie at the moment (0: none), so that a miss
 *            ends at once and there are no tombstones. Keys come and go under the table's lock; look-ups take none.
 * Homes      the addresses of one page of memory have consecutive homes, so that objects that lie together in memory also
 *            lie together in the table: only touched pages of a table cost memory.
 * Look-ups   race with removals only when the program uses an object while another thread frees it. The entry found may
 *            then be in use for another key by the time it is written: all of it stays memory-safe, and at worst one
 *            access of a program that uses freed memory is booked on the wrong map.
 */
#ifndef RACE_ENGINE_STATE_H
#define RACE_ENGINE_STATE_H

#include <string.h>

#include "../sys/lock.h"
#include "../sys/os.h"
#include "engine.h"
#include "pool.h"

/* ---- geometry --------------------------------------------------------------------------------------------------- */

#define CELL_GRAIN 4 /* two maps lie at least 16 bytes apart, or share their home */
#define SYNC_GRAIN 3
#define CELLS_BITS 18
#define SYNCS_BITS 20
#define PROBE 16

struct race_tables {
	struct race_cell *cells;
	uint8_t *cell_reach;
	uint32_t cell_mask, probe;
	struct sync_object *syncs;
	uint8_t *sync_reach;
	uint32_t sync_mask;
	uint32_t sync_used; /* 0 nothing was ever released; 1; 2 some thread has no clock of its own (sync.c) */
	uint32_t overflowed; /* the overflow clock is in use */
	uint32_t aliased;    /* some objects are filed under another key than their address (alias.c) */
	uint32_t views;      /* shared mappings that are known */
	uint32_t forks;     /* generation: how many forks above this process */
	struct race_note *notes; /* [2 * cell]: of w, of r */
	struct map_info *infos;  /* [cell] */
	struct map_habit *habits; /* [cell] */
	int small;
};
extern struct race_tables race_tables RACE_HIDDEN;

static inline uint32_t page_home(uintptr_t at)
{
	return (uint32_t)(((uint64_t)(at >> 12) * 0x9E3779B97F4A7C15ull) >> 40);
}

static inline uint32_t cell_home(uintptr_t map)
{
	return (page_home(map) + (uint32_t)((map & 4095) >> CELL_GRAIN)) & race_tables.cell_mask;
}

static inline uint32_t sync_home(uintptr_t obj)
{
	return (page_home(obj) + (uint32_t)((obj & 4095) >> SYNC_GRAIN)) & race_tables.sync_mask;
}

/* Some reach of the n homes from home on is not 0: some key lies in that part of memory, or in one that shares its homes. */
static inline int reach_any(const uint8_t *reach, uint32_t mask, uint32_t home, uint32_t n)
{
#if !defined(__SANITIZE_THREAD__)
	uint64_t eight;

	for (; n && home + 8 <= mask + 1; home += 8, n -= 8) {
		memcpy(&eight, reach + home, sizeof(eight)); /* a filter: the tables themselves are asked under their lock */
		if (n <= 8)
			return n < 8 ? (eight & (((uint64_t)1 << 8 * n) - 1)) != 0 : eight != 0;
		if (eight)
			return 1;
	}
#endif
	for (; n; home++, n--) {
		if (load_relaxed(&reach[home & mask]))
			return 1;
	}
	return 0;
}

/* TSan knows no fences; the accesses on both sides of ours are atomic, so it does not miss them. */
#if defined(__SANITIZE_THREAD__)
#define fence_acquire() __atomic_signal_fence(__ATOMIC_ACQUIRE)
#define fence_release() __atomic_signal_fence(__ATOMIC_RELEASE)
#else
#define fence_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define fence_release() __atomic_thread_fence(__ATOMIC_RELEASE)
#endif

static inline void pause_cpu(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

/* ---- cells -------------------------------------------------------------------------------------------------------- */

/*
 * What belongs to one packed word. `word` is cleared before the rest is written and set after it; a reader believes the
 * note only when it says the word he came with, before and after he copied it.
 */
struct race_note {
	uint64_t word, ticks;
	uint64_t locks[RACE_NOTE_LOCKS];
	uint32_t bucket, context;
	uint8_t nlocks, key_kind;
	char key[RACE_NOTE_KEY];
};
_Static_assert(sizeof(struct race_note) == 64, "one cache line per note");

/* Copies a note that may be written meanwhile; what comes of it is judged by its word. */
static inline void note_copy(struct race_note *to, const struct race_note *from)
{
	const uint64_t *f = (const uint64_t *)(const void *)from;
	uint64_t *t = (uint64_t *)(void *)to;

	for (unsigned i = 0; i < sizeof(*to) / sizeof(*t); i++)
		store_relaxed(&t[i], load_relaxed(&f[i]));
}

#define REFS_UNKNOWN INT32_MIN

struct map_info {
	const struct race_kind *kind;
	uint64_t destroyed, destroyed_ticks; /* word and time of the destruction, in state CELL_DEAD */
	uint64_t grave;                      /* hash of the header as the destruction left it */
	uint64_t changed;                    /* word of the last structural change; 0 not known. Any writer, no lock */
	struct map_resize {
		uint64_t word; /* of the write that did it; 0: none was seen */
		uint32_t from, to;
		uint32_t seq;     /* of the cell, while the writer was inside; who comes at a later one comes after the resize */
		int32_t entries;  /* -1 not known */
	} resize; /* the last one; under cells_lock */
	char label[48];
	uint32_t created_stack, created_thread;
	int32_t refs;
	uint32_t dying; /* number + 1 of the thread that is destroying this incarnation */
};
_Static_assert(sizeof(struct map_info) == 128, "two cache lines");

#define HABIT_LOCKS 3
struct map_habit {
	uint64_t lock[HABIT_LOCKS]; /* words without mode; 0 free */
	uint32_t held[HABIT_LOCKS]; /* accesses under it */
	uint32_t accesses;
	uint32_t gen;    /* of the cell: another one, and all this is of a map that is gone */
	uint32_t doubts; /* findings on this map that are in doubt */
	uint32_t broken; /* 1: an access without the usual lock came, in no order, after one with it; 2: the other way round */
};

static inline uint32_t cell_index(const struct race_cell *c)
{
	return (uint32_t)(c - race_tables.cells);
}

static inline struct race_note *cell_note(const struct race_cell *c, int write)
{
	return &race_tables.notes[2 * cell_index(c) + !write];
}

static inline struct map_info *cell_info(const struct race_cell *c)
{
	return &race_tables.infos[cell_index(c)];
}

struct race_cell *cell_probe(uintptr_t key, uint32_t sub, uint32_t home);

/* The table cell of a map, in any state; NULL when nothing is known of it. */
static inline struct race_cell *cell_find(uintptr_t map)
{
	uint32_t home = cell_home(map);
	struct race_cell *c = &race_tables.cells[home];

	if (likely(load_relaxed(&c->key) == map) && likely(load_relaxed(&c->sub) == 0))
		return c;
	return cell_probe(map, 0, home);
}

/* Finds or makes; NULL when there is no room. fresh, when given, says which. */
struct race_cell *cell_get(uintptr_t map, const struct race_kind *kind, int *fresh);
/* The cell of a bucket of a live map. */
struct race_cell *cell_bucket(struct race_cell *table, uint32_t bucket);
/* Empties the cell: a new incarnation of the map, live, nothing known but its kind. */
void cell_renew(struct race_cell *c, uintptr_t map, const struct race_kind *kind);
/* A new incarnation whose birth was seen. */
struct race_cell *cell_born(uintptr_t map, const struct race_kind *kind, uint32_t key_kind, uint32_t stack, uint32_t thread);
void cell_forget(uintptr_t map);
void cells_forget_range(uintptr_t lo, size_t bytes); /* within one page */
void cells_forget_huge(uintptr_t lo, size_t bytes);
int cells_in_range(uintptr_t lo, size_t bytes);
int cells_init(int small);
extern struct lock cells_lock;

/* Readers of a map that is read by several threads in no order: a word with its note for each slot. */
struct race_readers {
	struct pool_block block; /* cap: slots */
	uint32_t high;           /* no slot at or above is present */
	uint8_t pad[44];
	uint8_t data[]; /* present[cap], then notes[cap] */
};
_Static_assert(sizeof(struct race_readers) == 64, "entries stay aligned");

static inline uint8_t *readers_present(struct race_readers *r)
{
	return r->data;
}

static inline struct race_note *readers_notes(struct race_readers *r)
{
	return (struct race_note *)(r->data + ((r->block.cap + 63u) & ~63u));
}

/* Room for `slot`; NULL when there is none (the readers that are there stay). */
struct race_readers *readers_get(struct race_cell *c, uint32_t slot);
void readers_drop(struct race_cell *c);
int readers_init(int small);

/* ---- threads ------------------------------------------------------------------------------------------------------ */

int threads_init(int small);
extern struct lock threads_lock;
/* The thread moves to another slot: its own clock or version is used up. */
void thread_move(struct race_thread *t);
void threads_forked(struct race_thread *self);
void threads_fold(void);
/* Settable for tests. */
extern uint32_t race_clock_max, race_version_max, race_slot_limit, race_quarantine;

/* Publishes the current epoch and opens the next one. Only for a thread with a slot. */
static inline void thread_tick(struct race_thread *t)
{
	uint32_t clock = word_clock(t->epoch);

	t->vc[t->slot] = clock;
	store_relaxed(&t->epoch, t->epoch + RACE_ONE_TICK); /* read by foreign threads that start */
	t->dirty = 0;
	t->loaded = 1;
	t->version++;
	if (unlikely(clock >= race_clock_max || t->version >= race_version_max))
		thread_move(t);
}

/* Nobody may add to an epoch that others can see. */
static inline void thread_unrewind(struct race_thread *t)
{
	if (unlikely(t->rewound)) {
		t->rewound = 0;
		store_relaxed(&t->epoch, t->epoch + RACE_ONE_TICK); /* read by foreign threads that start */
	}
}

/* That access happens before the thread's next step. Slot numbers of words are always below RACE_SLOTS. */
static inline int ordered(const struct race_thread *t, uint64_t word)
{
	uint32_t slot = word_slot(word);

	return slot == t->slot || t->vc[slot] >= word_clock(word);
}

/* ---- synchronisation ------------------------------------------------------------------------------------------------ */

struct sync_object {
	uintptr_t key;
	uint64_t rel; /* (slot, version) of the thread whose whole clock this is; 0: a mixture, always join */
	struct clock_block *big; /* clock wider than in[] */
	uint16_t n;
	uint8_t lock;  /* spinlock of joined objects: 0, or the tag of the fork generation that took it */
	uint8_t flags; /* enum sync_flags */
	uint32_t taken; /* some other thread has acquired what is in here */
	uint32_t in[8];
};
_Static_assert(sizeof(struct sync_object) == 64, "one cache line per object");

enum sync_flags {
	SYNC_JOINED = 1,  /* several threads may release into it at once: look at the clock under its lock only */
	SYNC_SPILLED = 2, /* some release found no room and went to the overflow clock */
};

struct sync_object *sync_probe(uintptr_t obj, uint32_t home);

static inline struct sync_object *sync_find(uintptr_t obj)
{
	uint32_t home = sync_home(obj);
	struct sync_object *o = &race_tables.syncs[home];

	if (likely(load_relaxed(&o->key) == obj))
		return o;
	return sync_probe(obj, home);
}

int syncs_init(int small);
void syncs_forget_range(uintptr_t lo, size_t bytes); /* within one page */
void syncs_forget_huge(uintptr_t lo, size_t bytes);
void syncs_move_range(uintptr_t lo, size_t bytes, uintptr_t to);
int syncs_in_range(uintptr_t lo, size_t bytes);
void syncs_forget(uintptr_t key, size_t bytes); /* any number of pages; keys, not addresses */
/* Every release of every thread so far: 1 when an access of that word was published by sync_publish_once. */
int once_covers(uint64_t word);
extern struct lock syncs_lock, overflow_lock, once_lock;

/* ---- overlap ---------------------------------------------------------------------------------------------------------- */

/* Closes the write operations whose frames are gone (deeper than, or at, sp), or all. */
void open_settle(struct race_thread *t, uintptr_t sp);
void open_settle_here(struct race_thread *t);
void open_close_all(struct race_thread *t);

/* ---- memory, contexts ------------------------------------------------------------------------------------------------- */

int pages_init(void);
void page_enter(uintptr_t at); /* a key in that page was filed; caller holds its table's lock */
void page_leave(uintptr_t at);
int contexts_init(int small);
extern struct lock contexts_lock;

#endif
