/* SPDX-License-Identifier: MIT */
/*
 * stack.c - stack_capture: the validated cache in front of walker, libunwind and depot.
 *
 * Owns      the per-thread caches and the list of recycled ones.
 * Exact     an entry holds every word that its walk read. They are compared innermost first and the first difference
 *           ends it, so no address is touched that a real walk would not touch now. Equal words, equal start registers
 *           and the same code give the same stack: nothing is guessed.
 * Threads   a cache belongs to one thread, which uses it inside the guard only. An entry is invalid (tag 0) while it is
 *           rewritten, so a jump out of a signal handler in the middle leaves nothing half valid.
 * Recycled  a cache of a thread that ended is kept for the next one. Its owner number, a part of every tag, is changed, which
 *           forgets all entries at once.
 * When full the depot gives id 0, also to the cache: nothing is walked twice for it.
 * Must not  allocate by malloc, take a lock on the path of a capture, or use more than 4 KiB of stack before libunwind.
 */
#include "../sys/atomic.h"
#include "../sys/lock.h"
#include "../sys/os.h"
#include "../engine/word.h"
#include "depot.h"
#include "library.h"
#include "unwind.h"
#include "walk.h"

#define DEPOT_BYTES ((size_t)128 << 20)
#define CACHE_SET_BITS 6
#define CACHE_WAYS 4
#define CACHES_KEPT 16

struct stack_entry {
	uintptr_t ra, cfa;
	uint64_t tag; /* generation << 32 | owner; 0 matches nothing */
	const struct race_op *op;
	uintptr_t rbp; /* part of the key if needs_rbp */
	uint32_t id;
	uint16_t nwords;
	uint16_t needs_rbp;
	struct walk_words words;
};
_Static_assert(sizeof(struct stack_entry) <= 640, "256 entries stay below 160 KiB");

struct stack_cache {
	_Alignas(64) struct stack_entry entry[1 << CACHE_SET_BITS][CACHE_WAYS];
	uint32_t owner;
	uint32_t random;
	uint64_t walks; /* captures that the entries did not answer */
	struct walk_pages pages;
	struct stack_cache *next; /* recycled ones; under kept_lock */
};
_Static_assert(sizeof(struct stack_cache) < 170 * 1024, "what a thread costs at most");

static struct lock kept_lock; /* leaf: nothing is taken under it */
static struct stack_cache *kept;
static unsigned nkept;
static uint64_t count_refused;
static uint32_t ready;

struct stack_cache *stack_cache_new(void)
{
#if UNWIND_WALKER
	struct stack_cache *c;

	lock_take(&kept_lock);
	c = kept;
	if (c) {
		kept = c->next;
		nkept--;
	}
	lock_drop(&kept_lock);
	return c ? c : os_map(sizeof(*c));
#else
	return NULL;
#endif
}

void stack_cache_free(struct stack_cache *c)
{
	int full;

	if (!c)
		return;
	c->owner++;
	for (unsigned i = 0; i < WALK_RANGES; i++)
		c->pages.range[i].lo = c->pages.range[i].hi = 0;
	lock_take(&kept_lock);
	full = nkept >= CACHES_KEPT;
	if (!full) {
		c->next = kept;
		kept = c;
		nkept++;
	}
	lock_drop(&kept_lock);
	if (full)
		os_unmap(c, sizeof(*c));
}

uint64_t stack_cache_walks(const struct stack_cache *c)
{
	return c ? c->walks : 0;
}

int unwind_init(void)
{
#if UNWIND_WALKER
	if (rules_init())
		return -1;
#endif
	if (depot_init(RACE_STACKS >> os_table_shift(), DEPOT_BYTES >> os_table_shift()))
		return -1;
	store_release(&ready, 1); /* partner: load_acquire in capture_slow */
	return 0;
}

void unwind_load_library(void)
{
	library_load();
	rules_outdate(); /* what a hook captured before us may have been cut short for want of the library */
}

void unwind_modules_changed(void)
{
	rules_outdate();
	library_modules_changed();
}

void unwind_forked(void)
{
	/* Push and pop are one store each: the list is whole whatever the lock's owner was about to do; the count may be off by
	 * one. */
	lock_reset(&kept_lock);
	library_forked();
}

#if UNWIND_WALKER

UNWIND_RAW static inline int entry_holds(const struct stack_entry *e, uintptr_t cfa)
{
	const volatile uintptr_t *base = (const volatile uintptr_t *)cfa;

	for (unsigned i = 0, n = e->nwords; i < n; i++)
		if (base[e->words.at[i]] != e->words.value[i])
			return 0;
	return 1;
}

static inline struct stack_entry *cache_set(struct stack_cache *c, uintptr_t ra, uintptr_t cfa)
{
	return c->entry[(ra ^ cfa << 20) * 0x9e3779b97f4a7c15ull >> (64 - CACHE_SET_BITS)];
}

/* An entry that matches nothing any more; else any: with a fixed order, a loop over one path too many would never hit. */
static struct stack_entry *cache_victim(struct stack_cache *c, struct stack_entry *set, uint64_t tag)
{
	for (unsigned i = 0; i < CACHE_WAYS; i++)
		if (set[i].tag != tag)
			return &set[i];
	c->random = c->random * 1664525u + 1013904223u;
	return &set[c->random >> 16 & (CACHE_WAYS - 1)];
}

static __attribute__((noinline)) uint32_t capture_slow(struct stack_cache *c, const struct race_op *op,
							const uintptr_t *fp, uint64_t tag)
{
	uintptr_t pcs[STACK_FRAMES];
	struct walk_pages pages;
	struct stack_entry *e = NULL;
	struct walk w = {
		.ra = fp[1], .sp = (uintptr_t)(fp + 2), .rbp = fp[0], .generation = (uint32_t)(tag >> 32),
		.pcs = pcs, .n = 1, .cfa = (uintptr_t)(fp + 2),
	};
	enum walk_end end;
	uint32_t id;

	if (unlikely(!load_acquire(&ready))) /* partner: unwind_init */
		return 0;
	pcs[0] = fp[1];
	if (likely(c)) {
		c->walks++;
		e = cache_victim(c, cache_set(c, fp[1], w.cfa), tag);
		e->tag = 0;
		__atomic_signal_fence(__ATOMIC_SEQ_CST); /* partner: a jump out of a handler on this very thread */
		w.pages = &c->pages;
		w.words = &e->words;
	} else {
		pages = (struct walk_pages){ 0 };
		w.pages = &pages;
	}
	end = walk_on(&w);
	if (unlikely(end != WALK_DONE)) {
		unsigned n = w.n;

		/* the library asks the kernel, too */
		if (end != WALK_REFUSED || os_probe_ended() || !library_walk(&w))
			add_relaxed(&count_refused, 1);
		/* What the library read, or why the kernel refused a page, is not among the words. */
		if (w.n != n || end == WALK_UNREADABLE)
			e = NULL;
	}
	id = depot_intern(op, pcs, w.n);
	if (likely(e && !w.too_many)) {
		e->ra = fp[1];
		e->cfa = w.cfa;
		e->op = op;
		e->rbp = fp[0];
		e->id = id;
		e->nwords = (uint16_t)w.nwords;
		e->needs_rbp = (uint16_t)w.needs_rbp;
		__atomic_signal_fence(__ATOMIC_SEQ_CST); /* partner: as above */
		e->tag = tag;
	}
	return id;
}

UNWIND_RAW uint32_t stack_capture(struct stack_cache *c, const struct race_op *op, const uintptr_t *fp)
{
	uint64_t tag = (uint64_t)load_relaxed(&rules_generation) << 32;

	if (likely(c)) {
		uintptr_t ra = fp[1], cfa = (uintptr_t)(fp + 2);
		const struct stack_entry *e = cache_set(c, ra, cfa);

		tag |= c->owner;
		for (unsigned i = 0; i < CACHE_WAYS; i++, e++)
			if (e->ra == ra && e->cfa == cfa && e->tag == tag && e->op == op &&
			    (!e->needs_rbp || e->rbp == fp[0]) && entry_holds(e, cfa))
				return e->id;
	}
	return capture_slow(c, op, fp, tag);
}

#else

uint32_t stack_capture(struct stack_cache *c, const struct race_op *op, const uintptr_t *fp)
{
	uintptr_t pcs[STACK_FRAMES];
	unsigned n;

	if (unlikely(!load_acquire(&ready))) /* partner: unwind_init */
		return 0;
	n = library_frames(fp, pcs, STACK_FRAMES);
	if (!n) {
		pcs[n++] = fp[1];
		add_relaxed(&count_refused, 1);
	}
	return depot_intern(op, pcs, n);
}

#endif

unsigned stack_frames(uint32_t id, uintptr_t *pcs, unsigned max)
{
	return depot_frames(id, pcs, max);
}

const struct race_op *stack_op(uint32_t id)
{
	return depot_op(id);
}

int stack_begins(uint32_t id, const struct race_op *op, uintptr_t pc)
{
	return depot_begins(id, op, pc);
}

void unwind_stats(struct unwind_stats *out)
{
	out->refused = load_relaxed(&count_refused);
	out->rules_no_room = rules_no_room();
	depot_stats(&out->stacks, &out->depot_bytes, &out->lost);
}
