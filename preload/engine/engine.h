/* SPDX-License-Identifier: MIT */
/*
 * engine.h - happens-before for maps: the nouns, and every call the rest of librace may make.
 *
 *   race_thread   one per live thread: its slot, its vector clock, its epoch, the locks it holds
 *   sync object   what a release puts into and an acquire takes out of, found by address
 *   race_cell     one per map (its "table cell") or per bucket: last write, last reads, who is inside now
 *   race_note     beside each word of a cell: time, locks, key, bucket of that very access
 *   map info      beside each table cell: kind, label, where created, where destroyed
 *   race_finding  what was found, handed to engine_found() of the embedder
 *
 * Ground rules
 *   - Includes sys/ only. What it needs from its surroundings are the three functions under "The embedder provides".
 *   - No call allocates by malloc, blocks on a lock that user code can hold, or touches errno.
 *   - Every call with a struct race_thread is made by that thread itself, inside the guard (preload/core.h).
 *   - When a table is full the access is not checked (a miss); a lost *edge* must never invent a race: what finds no room
 *     in the sync table falls back to one shared overflow object, which orders too much.
 *   - Nothing is recorded while the process has had one thread only (RACE_MULTI_THREADS of race_multi): pthread_create orders all of
 *     that before every other thread. Map births and deaths are kept always.
 */
#ifndef RACE_ENGINE_ENGINE_H
#define RACE_ENGINE_ENGINE_H

#include "../sys/atomic.h"
#include "op.h"
#include "word.h"

#define RACE_LOCKS_HELD 16 /* held locks a thread remembers; deeper ones are counted only */
#define RACE_NOTE_LOCKS 2
#define RACE_NOTE_KEY 22
#define RACE_OPEN_OPS 8

/* ---- locks held ------------------------------------------------------------------------------------------------ */

enum race_lock_type { LOCK_MUTEX, LOCK_RWLOCK, LOCK_SPIN, LOCK_OTHER };
/* A held lock in one word: address | type << 56 | (makes no edges) << 62 | (read mode) << 63. */
#define LOCK_READ_MODE ((uint64_t)1 << 63)
#define LOCK_NO_EDGE ((uint64_t)1 << 62)
static inline uint64_t lock_word(uintptr_t at, enum race_lock_type type, int read_mode)
{
	return ((uint64_t)at & 0x00ffffffffffffffull) | (uint64_t)type << 56 | (read_mode ? LOCK_READ_MODE : 0);
}
static inline uintptr_t lock_word_address(uint64_t w)
{
	return (uintptr_t)(w & 0x00ffffffffffffffull);
}
static inline enum race_lock_type lock_word_type(uint64_t w)
{
	return (enum race_lock_type)(w >> 56 & 7);
}

/* ---- threads --------------------------------------------------------------------------------------------------- */

#define RACE_FAMILIES 64 /* kinds of maps that are counted one by one */

/* The first two cache lines are what a hooked operation and a lock look at. */
struct race_thread {
	uint64_t epoch;    /* slot and own clock, as word.h packs them; stack bits 0 */
	uint32_t busy;     /* the guard: librace's own code is running on this thread (written by the thread, signals included) */
	uint32_t dirty;    /* accessed a map since the last release */
	uint32_t slot;     /* RACE_NO_SLOT: more threads alive than slots; accesses are not checked, edges still pass through */
	uint32_t n;        /* width of vc in use, a multiple of 8 */
	uint32_t version;  /* changes whenever vc changed: what sync objects compare */
	uint32_t releases; /* lock releases so far: tells an interval that its callback dropped a lock */
	uint32_t *vc;      /* [RACE_SLOTS], lazily backed; vc[slot] = last PUBLISHED own clock */
	uint32_t *seen;    /* [RACE_SLOTS]: version of each other slot's clock that was joined */
	uint32_t loaded;   /* vc covers some recorded access; until then there is nothing to release */
	uint32_t nopen;    /* entries of open[] */
	uint32_t ignore;   /* > 0: accesses are not recorded (annotation) */
	uint32_t overflow_seen; /* version of the overflow clock that was joined */
	uintptr_t stack_lo, stack_hi; /* the thread's own stack; 0 when not known */
	uint32_t nheld, held_lost;
	uint32_t number;   /* 0 main thread, else N in creation order */
	uint32_t context;  /* current context string (context_set), 0 none */
	void *biased;      /* the one sync object that has this version of the clock (sync.c, "Bias"); NULL: none or several */
	uint32_t biased_version;
	uint16_t rewound;  /* the epoch is the one that was published last: see sync_acquire */
	uint16_t rewinds;  /* since the last access that was recorded */
	void *host;       /* the preload's own per-thread state */
	uint64_t held[RACE_LOCKS_HELD]; /* innermost last */
	uint16_t depth[RACE_LOCKS_HELD]; /* recursion */
	struct {
		struct race_cell *cell;
		uintptr_t sp;
		uint32_t gen;
	} open[RACE_OPEN_OPS]; /* write operations in progress, outermost first, for the overlap check */
	uint32_t foreign; /* met without a creation edge */
	uint32_t polls;   /* times it slept or gave way at poll_site since its last access to a map; sync_polled */
	uintptr_t poll_site;
	uint64_t poll_ticks; /* when it last came back from there, and how long after the time before */
	uint64_t poll_gap;
	uint64_t free_until; /* monotonic ns: not to be held again before; the embedder's */
	uint32_t looks;   /* look-ups so far, while compound operations are tracked */
	uint64_t recorded[RACE_FAMILIES + 1]; /* accesses recorded, by kind (family.h); read by engine_counters_fold */
};
#define RACE_NO_SLOT 0xffffffffu

#define RACE_HIDDEN __attribute__((visibility("hidden")))
extern uint32_t race_multi RACE_HIDDEN; /* 0 until the process creates its second thread; bits: trace.h */

/* Tables are mapped here; call once, before everything else. small != 0: tables of 8 entries, for tests of "full". */
int engine_init(int small); /* 0, or -1 when the kernel gives no memory; again: everything is forgotten (tests) */
/* In a forked child: only `self` is left; locks reset, findings forgotten, all other threads gone. */
void engine_forked(struct race_thread *self);
void engine_lock_all(void); /* around fork, in lock order */
void engine_unlock_all(void);

/*
 * Prepares the state of a thread about to run. The parent (NULL for the first thread) has published its clock with
 * thread_publish before; the child inherits it. `foreign`: nobody saw this thread being created; it takes over every
 * live thread's current epoch, so that nothing before its first sight can be reported against it.
 * t is zeroed memory of the caller's. stack = where it was created.
 */
struct thread_birth; /* parent's clock, frozen at creation */
struct thread_birth *thread_publish(struct race_thread *parent, uint32_t stack); /* release edge; NULL when out of room */
void thread_birth_cancel(struct thread_birth *birth);                            /* the create call failed */
uint32_t thread_birth_number(const struct thread_birth *birth);
void thread_start(struct race_thread *t, struct thread_birth *birth /* consumed; NULL: first or foreign */, int foreign);
/* The thread's last act. Its final clock is released into sync object `handle` (what join acquires; 0: nowhere); its slot goes to
 * quarantine. t may be unmapped afterwards. */
void thread_end(struct race_thread *t, uintptr_t handle);
void thread_name(uint32_t number, const char *name); /* copied, 15 bytes */

/* What a report tells of a thread, alive or not. 0 when the number is too old to be remembered. */
struct thread_facts {
	uint32_t number, parent, stack; /* stack: where created; 0 unknown */
	char name[16];
	int running;
};
int thread_facts(uint32_t number, struct thread_facts *out);
uint32_t threads_seen(void); /* numbers given so far */
/* Which thread had this slot when its clock was that of word. RACE_NO_SLOT when unknown. */
uint32_t thread_number_of(uint64_t word);

/* ---- synchronisation ------------------------------------------------------------------------------------------- */

/* Joins what was released into obj. No-op while nothing was ever recorded. */
void sync_acquire(struct race_thread *t, uintptr_t obj);
/* The same by a thread that is alone with the object until it releases it: mutexes, writers. Cheaper when nobody else took
 * it since this thread released it. */
void sync_acquire_alone(struct race_thread *t, uintptr_t obj);
/* After everything every thread has done so far: where somebody released, but it is not known who (the owner of a robust
 * mutex that died). Orders too much. */
void sync_acquire_everything(struct race_thread *t);
/* Replaces the object's clock: only where the caller is alone with the object (a mutex before its unlock). */
void sync_release(struct race_thread *t, uintptr_t obj);
/* Joins into the object's clock: semaphores, conditions, barriers, queues, annotations. Locks the object. */
void sync_release_join(struct race_thread *t, uintptr_t obj);
/* Forgets one object (destroy, init), or every sync object and map in [lo, lo + bytes) (free, munmap, end of a stack). */
void sync_forget(uintptr_t obj);
void memory_forget(uintptr_t lo, size_t bytes);
/* realloc: snapshot before, then what really happened. Sync objects move along, maps are forgotten when the block moved. */
struct memory_move {
	uintptr_t lo;
	size_t bytes;
};
void memory_moved(const struct memory_move *from, uintptr_t to);
/* Cheap test that decides whether memory_forget has anything to do: a filter of counters, one per page of addresses, and
 * only where that hits a closer look. */
#define RACE_PAGES_BITS 20
extern uint16_t *race_pages RACE_HIDDEN;
int memory_is_watched_closely(uintptr_t lo, size_t bytes);
static inline int memory_is_watched(uintptr_t lo, size_t bytes)
{
	const uint16_t *pages = load_relaxed(&race_pages);
	uintptr_t first = lo >> 12, last = (lo + bytes - 1) >> 12, mask = ((uintptr_t)1 << RACE_PAGES_BITS) - 1;

	if (likely(last - first <= 1) && likely(pages != NULL) && likely(bytes != 0) &&
	    likely(!(load_relaxed(&pages[first & mask]) | load_relaxed(&pages[last & mask]))))
		return 0;
	return memory_is_watched_closely(lo, bytes);
}

/* A release that some later acquire may take by an inlined fast path that nobody sees (g_once, __cxa_guard). Only
 * consulted when a finding is about to be made: an earlier access covered by it is not reported. */
void sync_publish_once(struct race_thread *t, uintptr_t obj);

/* The thread came back from a sleep or from giving way, called at site: it may have waited for memory to change. Makes no edge. */
void sync_polled(struct race_thread *t, uintptr_t site);

/* Lock sets: who holds what, for the report. The edges are the caller's own calls above. */
void lock_held_deep(struct race_thread *t, uintptr_t at, enum race_lock_type type, int read_mode);
int lock_dropped_deep(struct race_thread *t, uintptr_t at);

static inline void lock_held(struct race_thread *t, uintptr_t at, enum race_lock_type type, int read_mode)
{
	if (likely(!t->nheld)) {
		t->held[0] = lock_word(at, type, read_mode);
		t->depth[0] = 0;
		t->nheld = 1;
	} else {
		lock_held_deep(t, at, type, read_mode);
	}
}

/* The same for a lock whose taking and giving are no edges: it orders only what is done while it is held. */
static inline void lock_held_no_edge(struct race_thread *t, uintptr_t at, enum race_lock_type type)
{
	lock_held(t, at, type, 0);
	if (likely(t->nheld) && lock_word_address(t->held[t->nheld - 1]) == (at & 0x00ffffffffffffffull))
		t->held[t->nheld - 1] |= LOCK_NO_EDGE;
}

/* 1 when that was the outermost level (recursive locks), 0 when still held, -1 when it was not held at all. */
static inline int lock_dropped(struct race_thread *t, uintptr_t at)
{
	uint32_t top = t->nheld - 1;

	if (likely(top < RACE_LOCKS_HELD) && likely(lock_word_address(t->held[top]) == (at & 0x00ffffffffffffffull)) &&
	    likely(!t->depth[top])) {
		t->nheld = top;
		return 1;
	}
	return lock_dropped_deep(t, at);
}

/* ---- maps ------------------------------------------------------------------------------------------------------ */

struct race_cell {
	uintptr_t key;   /* map address (table cell), map address | 1 (bucket cell); 0 free. Set under the table lock, last. */
	uint64_t w;      /* last write */
	uint64_t r;      /* last read; RACE_READ_SHARED: see readers */
	struct race_readers *readers;
	uint32_t seq;    /* odd while a writer is inside; +1 by enter and exit */
	uint32_t wslot;  /* slot + 1 of the writer that entered last */
	uint32_t gen;    /* incarnation: bumped whenever the cell is emptied */
	uint32_t sub;    /* bucket + 1 in a bucket cell, 0 in a table cell */
	uint32_t changes; /* structural changes: what iterators compare */
	uint8_t state;   /* enum race_cell_state */
	uint8_t contract;
	uint8_t key_kind;
	uint8_t ops;      /* accesses recorded in this incarnation, capped at 255: "first use" */
	union {
		uint32_t map_gen; /* in a bucket cell: gen of its map's table cell; else it is a leftover */
		uint32_t buckets; /* in a table cell: of the map when its last writer came or left; 0 not known */
	};
	uint32_t forks;   /* fork generation in which seq was last made odd: a child's copy of its parent's writers is void */
};
_Static_assert(sizeof(struct race_cell) == 64, "one cache line per map");
#define RACE_READ_SHARED (~(uint64_t)0)

enum race_cell_state { CELL_FREE, CELL_LIVE, CELL_DEAD, CELL_EXEMPT };

/* An operation between enter and exit; lives on the wrapper's stack. */
struct race_op_open {
	struct race_cell *cell; /* NULL: nothing to check at exit */
	const struct race_op *op;
	const uintptr_t *fp;
	uintptr_t sp; /* where its caller's frame ends: the operation is over when the thread is above that */
	uintptr_t map, key;
	uint32_t bucket;
	uint32_t seq, gen, releases;
	uint8_t writer, nested, overlapped; /* nested: or OPEN_COMPOUND, an operation that only compound.h tracks */
	uint32_t buckets; /* of the map when a writer came; 0 not known, or not to be asked for at the end */
};

#define RACE_NO_BUCKET 0xffffffffu
#define OPEN_COMPOUND 2

/* Everything a map operation says about itself. key is a value or a pointer by the op's key_kind. */
struct race_touch {
	const struct race_op *op;
	uintptr_t map;
	uintptr_t key;
	uint32_t bucket;         /* RACE_NO_BUCKET: not known */
	const uintptr_t *fp;     /* __builtin_frame_address(0) of the wrapper: [0] caller's rbp, [1] return address */
};

/*
 * Before and after the real call. op_enter checks happens-before and records; op_exit checks overlap. Between them the
 * guard is not held: user callbacks may run, other operations nest. An exit that never comes (longjmp, exceptions) is
 * found out by stack pointer at the thread's next call.
 */
void op_enter(struct race_thread *t, const struct race_touch *touch, struct race_op_open *open);
void op_exit(struct race_thread *t, struct race_op_open *open);
/* Drops every open operation of the thread (longjmp, swapcontext). */
void op_abandon(struct race_thread *t);

/* Births and deaths. map_create forgets whatever was known of that address. */
void map_create(struct race_thread *t, const struct race_op *op, uintptr_t map, enum race_key_kind key_kind,
		const uintptr_t *fp);
/* After the real destroy has run (op_enter with ROLE_DESTROY came before it): later use is USE OF DEAD MAP, for as long
 * as the kind's header_bytes at map stay as they are now. */
void map_destroy(struct race_thread *t, const struct race_op *op, uintptr_t map, const uintptr_t *fp);
/* References, where the library counts: +1, -1. map_unref returns 1 when that was the last, 0 when not, -1 unknown. */
void map_ref(struct race_thread *t, uintptr_t map);
int map_unref(struct race_thread *t, uintptr_t map);
/* kind or label may be NULL: stays as it is. label is copied, 47 bytes. */
void map_label(uintptr_t map, const struct race_kind *kind, const char *label);
/* Which incarnation of a map is known at that address; 0 when none: never met, or its memory has died since. */
uint32_t map_incarnation(uintptr_t map);
/* Iterators: remembered by address, whichever thread uses them; step returns 0 when the map changed structurally behind its
 * back. */
void iterator_start(struct race_thread *t, uintptr_t iterator, uintptr_t map);
int iterator_step(struct race_thread *t, uintptr_t iterator, const struct race_touch *touch);
/* The map changed its structure (entries came or went). own: iterator that did it and stays valid, or 0. */
void map_changed(struct race_thread *t, uintptr_t map, uintptr_t own);

uint32_t context_set(struct race_thread *t, const char *text); /* copied, 63 bytes; NULL clears */
int context_text(uint32_t context, char *to, size_t cap);      /* 0 when overwritten since */

/* ---- findings -------------------------------------------------------------------------------------------------- */

enum race_finding_kind { FOUND_RACE, FOUND_DEAD_MAP, FOUND_STALE_ITERATOR, FOUND_CHECK_THEN_ACT };
enum race_verdict { VERDICT_POSSIBLE, VERDICT_LIKELY, VERDICT_CERTAIN };

struct race_access {
	uint64_t word;      /* who, when, which stack */
	uint32_t thread;    /* number, RACE_NO_SLOT unknown */
	uint8_t write;
	uint8_t have_note;  /* the fields below are of this very access */
	uint8_t nlocks;     /* locks held; the innermost RACE_NOTE_LOCKS are in locks */
	uint8_t key_kind;   /* KEY_NONE: no key */
	uint32_t bucket, context;
	uint64_t ticks;
	uint64_t locks[RACE_NOTE_LOCKS];
	char key[RACE_NOTE_KEY]; /* text, NUL-padded, "\1" as last byte when cut; or the value, little endian */
};

struct race_finding {
	enum race_finding_kind kind;
	enum race_verdict verdict;
	uintptr_t map;
	const struct race_kind *map_kind;
	const struct race_op *op;      /* the current operation */
	struct race_access now, before; /* FOUND_DEAD_MAP: before is the destruction. STALE: before is the change, if known */
	uint32_t created_stack, created_thread; /* created_stack 0: not seen */
	uint32_t map_ops;              /* accesses recorded on this map so far, capped: "first use" */
	uint32_t resize_from, resize_to; /* buckets, when one of the two accesses resized the map; else 0 */
	int64_t resize_entries;          /* the map had then, -1 not known */
	char label[48];
	/* FOUND_RACE: what speaks for or against an order that nobody saw. */
	uint64_t usual_lock;             /* held in most accesses: its word without mode; 0 none */
	uint32_t usual_held, usual_of;   /* accesses with it, of how many */
	uint8_t usual_lacks;             /* 1: now lacks it, 2: before does */
	uint8_t usual_broken;            /* accesses without it came both after and before such with it, unordered */
	uint8_t held;                    /* enum race_held: this is the second look at a finding that was answered with rounds */
	uint32_t polls;                  /* the current thread polled so often since its last access, and after `before`; 0 not */
	uintptr_t poll_site;
	/* FOUND_CHECK_THEN_ACT: before is the write between, or the freeing. */
	uint32_t checked_stack;
	uint8_t compound;                /* enum record_compound */
};
enum race_held { HELD_NOT_YET, HELD_NOT, HELD_ALONE, HELD_AND_MET };

/* ---- The embedder provides ------------------------------------------------------------------------------------- */

/* Interned id of (op, stack above fp); 0 when none. preload/unwind does it for real, tests count. */
uint32_t engine_capture(struct race_thread *t, const struct race_op *op, const uintptr_t *fp);
/* The op with which a stack id was captured; NULL for 0. */
const struct race_op *engine_stack_op(uint32_t stack);
/* The stack was captured by this op, called from this return address. */
int engine_stack_begins(uint32_t stack, const struct race_op *op, uintptr_t return_address);
/* A finding. Runs on the finding thread inside the guard; dedupe, suppression and printing are the embedder's. Returns 0 when it
 * is settled. Else the finding is in doubt: ANSWER_DOUBT, or for how many rounds of engine_hold the thread is to be held inside
 * its operation, so that others may be caught there; the finding is then shown again, with `held` set. */
#define ANSWER_DOUBT UINT32_MAX
uint32_t engine_found(struct race_thread *t, const struct race_finding *f);
/* One round: sleeps without the guard. 0: no more. */
int engine_hold(struct race_thread *t);
/* The thread uses a map that others had, for the first time from this stack since its last release: rounds to be held, 0 for none.
 * Asked while race_try_first only: the code of the process is not known to be free of atomics. */
uint32_t engine_first(struct race_thread *t, uint32_t stack);
extern uint32_t race_try_first RACE_HIDDEN;
/* By stack: how often accesses from there are still worth holding, whoever had the map; written by the embedder. */
extern uint8_t race_hot[RACE_STACKS] RACE_HIDDEN;

/* ---- counters (stats=1) ---------------------------------------------------------------------------------------- */

enum race_counter {
	COUNT_OPS_RECORDED, COUNT_CELL_NO_ROOM, COUNT_SYNC_NO_ROOM, COUNT_CLOCK_NO_ROOM, COUNT_READERS_NO_ROOM,
	COUNT_SLOT_NO_ROOM, COUNT_SLOT_REUSED_EARLY, COUNT_RACES, COUNT_OVERLAPS, COUNT_HIDDEN_BY_ONCE, COUNT_DEAD_EVICTED,
	COUNT_KEY_NO_ROOM,
	COUNTERS
};
extern uint64_t race_counters[COUNTERS] RACE_HIDDEN;
#define count_up(which) ((void)add_relaxed(&race_counters[which], 1))
/* Adds what live threads counted privately; call before reading race_counters. */
void engine_counters_fold(void);
/* Kinds that were met since start or fork: their maps, or rather the lives of maps that began, and the accesses recorded.
 * Returns how many. out = [RACE_FAMILIES + 1]; of those that are not counted one by one, kind is NULL. */
struct race_family_count {
	const struct race_kind *kind;
	uint64_t maps, recorded;
};
uint32_t engine_families(struct race_family_count *out);

#endif
