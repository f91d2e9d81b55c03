/* SPDX-License-Identifier: MIT */
/*
 * thread.c - slots, births and ends of threads, and what is remembered of them.
 *
 * Owns       the slot table with each slot's clock storage, the quarantine of ended slots, births, the facts ring.
 * A slot     is one component of every vector clock. Threads come and go in it; its own clock and its version only grow, and
 *            a thread that takes over a slot starts from the clock its predecessor ended with (the storage stays with
 *            the slot). So "slot s up to clock c" and "slot s, version v" keep their meaning for ever, and `seen` of other
 *            threads stays true.
 * Reuse      loses nothing when the newcomer's parent has seen the predecessor's end (joined threads): its clock covers
 *            the final own clock, which is published at the end in a release of its own. Other ended slots wait in
 *            quarantine. When too many wait, the oldest is taken over all the same, which adds an edge that is not there:
 *            races with that long-ended thread may be missed; COUNT_SLOT_REUSED_EARLY.
 * Full       more live threads than slots: RACE_NO_SLOT. Such a thread's accesses are not checked; its clock still carries
 *            the edges of others. Without memory even for that, sync.c orders everybody through the overflow clock.
 * Locks      threads_lock guards all of it, also the facts. Fields of a struct race_thread are its own thread's; the epoch
 *            alone is read by others (a foreign thread that starts, under the lock, so that it cannot end meanwhile).
 */
#include "../sys/describe.h"
#include "clock.h"
#include "family.h"
#include "compound.h"
#include "state.h"
#include "trace.h"

#define FACTS 16384
#define BIRTHS 4096
#define CHUNK 16
#define NO_NUMBER RACE_NO_SLOT

struct thread_birth {
	struct thread_birth *next;
	uint32_t used, number, parent, stack;
	uint32_t n, loaded, slot, version; /* the parent's clock: width, whose */
	struct clock_block *big;
	uint32_t in[8];
};

/* One slot's present or last incarnation. */
struct slot {
	struct race_thread *thread; /* NULL: ended */
	uint32_t *vc, *seen;
	uint32_t clock, version; /* of the last incarnation, at its end */
	uint32_t number, first;  /* who, from which clock on */
	uint32_t prev;           /* number of the incarnation before */
	uint32_t n, loaded;      /* width of vc at the end */
};

struct facts {
	struct thread_facts told;
	uint32_t known;
	uint32_t slot, first, prev; /* as in struct slot, for walking back */
};

struct waiting {
	uint32_t slot, clock;
};

uint32_t race_multi;
uint32_t race_clock_max = RACE_CLOCK_MAX - 2;
uint32_t race_version_max = 0xfffffff0u;
uint32_t race_slot_limit = RACE_SLOTS - 1; /* the last one would make RACE_READ_SHARED */
uint32_t race_quarantine = 256;
struct lock threads_lock;

static struct slot *slots;
static uint32_t *chunks[RACE_SLOTS / CHUNK];
static uint32_t slots_used;
static struct waiting *waiting; /* oldest first */
static uint32_t nwaiting;
static uint32_t *spare_storage; /* for threads without a slot; chained by the first pointer */
static struct facts *facts;
static uint32_t next_number, newest_birth;
static struct thread_birth *births, *free_births;
static uint32_t births_used, births_limit;

#define STORAGE_BYTES (2 * RACE_SLOTS * sizeof(uint32_t))

int threads_init(int small)
{
	if (!slots) {
		slots = os_map(RACE_SLOTS * sizeof(*slots));
		waiting = os_map(RACE_SLOTS * sizeof(*waiting));
		facts = os_map(FACTS * sizeof(*facts));
		births = os_map(BIRTHS * sizeof(*births));
		if (!slots || !waiting || !facts || !births)
			return -1;
	} else {
		for (uint32_t i = 0; i < RACE_SLOTS / CHUNK; i++) {
			if (chunks[i])
				os_unmap(chunks[i], CHUNK * STORAGE_BYTES);
			chunks[i] = NULL;
		}
		memset(slots, 0, RACE_SLOTS * sizeof(*slots));
		memset(facts, 0, FACTS * sizeof(*facts));
		memset(births, 0, births_used * sizeof(*births));
	}
	slots_used = nwaiting = next_number = births_used = race_multi = 0;
	newest_birth = NO_NUMBER;
	free_births = NULL;
	spare_storage = NULL;
	births_limit = small ? 4 : BIRTHS;
	return 0;
}

/* ---- facts (threads_lock held) ---------------------------------------------------------------------------------------- */

/* A number's entry lies within a few places of number % FACTS, so that threads that go on running are not pushed out by
 * thousands of short ones. */
#define FACTS_PROBE 8

static struct facts *facts_of(uint32_t number)
{
	for (uint32_t i = 0; number != NO_NUMBER && i < FACTS_PROBE; i++) {
		struct facts *f = &facts[(number + i) % FACTS];

		if (f->known && f->told.number == number)
			return f;
	}
	return NULL;
}

static void facts_begin(uint32_t number, uint32_t parent, uint32_t stack)
{
	struct facts *f = NULL;

	for (uint32_t i = 0; i < FACTS_PROBE && (!f || (f->known && f->told.running)); i++)
		f = &facts[(number + i) % FACTS];
	memset(f, 0, sizeof(*f));
	f->known = 1;
	f->slot = RACE_NO_SLOT;
	f->told.number = number;
	f->told.parent = parent;
	f->told.stack = stack;
	f->told.running = 1;
}

void thread_name(uint32_t number, const char *name)
{
	struct facts *f;

	lock_take(&threads_lock);
	f = facts_of(number);
	if (f) {
		size_t n = strnlen(name, sizeof(f->told.name) - 1);

		memset(f->told.name, 0, sizeof(f->told.name));
		memcpy(f->told.name, name, n);
	}
	lock_drop(&threads_lock);
	if (trace_is_on())
		race_tracer->thread_named(number, name);
}

int thread_facts(uint32_t number, struct thread_facts *out)
{
	struct facts *f;

	lock_take(&threads_lock);
	f = facts_of(number);
	if (f)
		*out = f->told;
	lock_drop(&threads_lock);
	return f != NULL;
}

uint32_t thread_number_of(uint64_t word)
{
	uint32_t slot = word_slot(word), clock = word_clock(word), number = RACE_NO_SLOT;

	if (!word)
		return RACE_NO_SLOT;
	lock_take(&threads_lock);
	if (slot < slots_used && clock >= slots[slot].first) {
		number = slots[slot].number;
	} else if (slot < slots_used) {
		const struct facts *f = facts_of(slots[slot].prev);

		while (f && f->slot == slot && clock < f->first)
			f = facts_of(f->prev);
		if (f && f->slot == slot)
			number = f->told.number;
	}
	lock_drop(&threads_lock);
	return number;
}

/* ---- slots (threads_lock held) ------------------------------------------------------------------------------------------ */

static void quarantine_put(uint32_t slot)
{
	waiting[nwaiting++] = (struct waiting){ slot, slots[slot].clock };
}

static uint32_t quarantine_take(uint32_t i)
{
	uint32_t slot = waiting[i].slot;

	memmove(&waiting[i], &waiting[i + 1], (--nwaiting - i) * sizeof(*waiting));
	return slot;
}

/* The clock storage of a fresh slot comes in chunks, so that many threads do not make many mappings. */
static int slot_storage(uint32_t slot)
{
	uint32_t *at;

	if (slots[slot].vc)
		return 1;
	at = os_map(CHUNK * STORAGE_BYTES);
	if (!at)
		return 0;
	chunks[slot / CHUNK] = at;
	for (uint32_t i = 0; i < CHUNK; i++) {
		slots[slot + i].vc = at + (size_t)i * 2 * RACE_SLOTS;
		slots[slot + i].seen = slots[slot + i].vc + RACE_SLOTS;
	}
	return 1;
}

static uint32_t slot_fresh(void)
{
	if (slots_used >= race_slot_limit || !slot_storage(slots_used))
		return RACE_NO_SLOT;
	return slots_used++;
}

/* A slot for a thread that starts with this clock. all: its clock will cover every slot. */
static uint32_t slot_choose(const uint32_t *vc, uint32_t n, int all)
{
	enum { LOOK_AT = 1024 };
	uint32_t slot = RACE_NO_SLOT;

	for (uint32_t i = nwaiting, looked = 0; i-- > 0 && looked < LOOK_AT; looked++) {
		const struct waiting *w = &waiting[i];

		if (all || w->clock <= (w->slot < n ? vc[w->slot] : 0))
			return quarantine_take(i);
	}
	if (nwaiting < race_quarantine)
		slot = slot_fresh();
	if (slot == RACE_NO_SLOT && nwaiting) {
		count_up(COUNT_SLOT_REUSED_EARLY);
		return quarantine_take(0);
	}
	return slot;
}

static uint32_t width_for(uint32_t slot)
{
	return (slot + 8) & ~7u;
}

/* Joins clock (vc, n) into the thread's. */
static void thread_join_clock(struct race_thread *t, const uint32_t *vc, uint32_t n)
{
	if (n > t->n)
		t->n = n;
	clock_join(t->vc, vc, n);
}

/* The thread becomes the next incarnation of the slot. Its epoch starts after its predecessor's last one. */
static void slot_settle(struct race_thread *t, uint32_t slot)
{
	struct slot *s = &slots[slot];
	struct facts *f = facts_of(t->number);
	uint32_t first = s->clock + 1, prev = s->version ? s->number : NO_NUMBER;

	s->thread = t;
	s->prev = prev;
	s->number = t->number;
	s->first = first;
	if (f) {
		f->slot = slot;
		f->first = first;
		f->prev = prev;
	}
	t->slot = slot;
	t->vc = s->vc;
	t->seen = s->seen;
	if (t->n < width_for(slot))
		t->n = width_for(slot);
	if (t->n < s->n)
		t->n = s->n;
	t->version = s->version + 1;
	s->version = t->version;
	t->loaded |= s->loaded;
	store_relaxed(&t->epoch, word_epoch(slot, first));
}

/* Clock storage without a slot. */
static void storage_bare(struct race_thread *t)
{
	uint32_t *at = spare_storage;

	t->slot = RACE_NO_SLOT;
	t->version = 1;
	count_up(COUNT_SLOT_NO_ROOM);
	if (at) {
		spare_storage = *(uint32_t **)(void *)at;
		memset(at, 0, sizeof(void *));
	} else {
		at = os_map(STORAGE_BYTES);
	}
	t->vc = at;
	t->seen = at ? at + RACE_SLOTS : NULL;
	if (!at)
		store_relaxed(&race_tables.sync_used, 2);
}

static void storage_give(uint32_t *vc, uint32_t n)
{
	if (!vc)
		return;
	memset(vc, 0, n * sizeof(*vc));
	memset(vc + RACE_SLOTS, 0, (size_t)width_for(slots_used) * sizeof(*vc));
	*(uint32_t **)(void *)vc = spare_storage;
	spare_storage = vc;
}

/* ---- births ---------------------------------------------------------------------------------------------------------------- */

extern struct pool clock_pool;

static struct thread_birth *birth_take(void)
{
	struct thread_birth *b = free_births;

	if (b)
		free_births = b->next;
	else if (births_used < births_limit)
		b = &births[births_used++];
	return b;
}

static void birth_give(struct thread_birth *b)
{
	if (b->big)
		pool_give(&clock_pool, &b->big->block);
	b->big = NULL;
	b->used = 0;
	b->next = free_births;
	free_births = b;
}

static void process_is_multi(void)
{
	if (!(load_relaxed(&race_multi) & RACE_MULTI_THREADS))
		__atomic_fetch_or(&race_multi, RACE_MULTI_THREADS | (race_compound ? RACE_MULTI_COMPOUND : 0), __ATOMIC_RELAXED);
}

struct thread_birth *thread_publish(struct race_thread *parent, uint32_t stack)
{
	struct clock_block *big = NULL;
	struct thread_birth *b;

	process_is_multi();
	if (!parent)
		return NULL;
	parent->releases++;
	if (parent->nopen)
		open_close_all(parent);
	parent->biased = NULL;
	if (parent->dirty) {
		parent->rewound = 0;
		thread_tick(parent);
	} else {
		thread_unrewind(parent);
	}
	if (parent->loaded && !parent->vc)
		return NULL;
	if (parent->loaded && parent->n > 8) {
		big = (struct clock_block *)pool_take(&clock_pool, parent->n);
		if (!big) {
			count_up(COUNT_CLOCK_NO_ROOM);
			return NULL;
		}
	}
	lock_take(&threads_lock);
	b = birth_take();
	if (b) {
		b->used = 1;
		b->big = big;
		b->number = newest_birth = next_number++;
		b->parent = parent->number;
		b->stack = stack;
		b->n = parent->loaded ? parent->n : 0;
		b->loaded = parent->loaded;
		b->slot = parent->slot;
		b->version = parent->version;
		if (b->n)
			clock_copy(big ? big->vc : b->in, parent->vc, b->n);
		facts_begin(b->number, b->parent, stack);
	}
	lock_drop(&threads_lock);
	if (!b && big)
		pool_give(&clock_pool, &big->block);
	return b;
}

void thread_birth_cancel(struct thread_birth *b)
{
	struct facts *f;

	lock_take(&threads_lock);
	if (b->number == newest_birth && b->number + 1 == next_number)
		next_number--;
	f = facts_of(b->number);
	if (f)
		f->known = 0;
	birth_give(b);
	lock_drop(&threads_lock);
}

uint32_t thread_birth_number(const struct thread_birth *b)
{
	return b->number;
}

/* ---- start and end ------------------------------------------------------------------------------------------------------------ */

/* Everything every thread has done up to now, and all that live ones do before their next release. */
static void join_everybody(struct race_thread *t)
{
	if (!t->vc)
		return;
	if (t->n < width_for(slots_used))
		t->n = width_for(slots_used);
	for (uint32_t i = 0; i < slots_used; i++) {
		const struct race_thread *other = slots[i].thread;
		uint32_t clock = slots[i].clock;

		if (i == t->slot)
			continue;
		if (other)
			clock = word_clock(load_relaxed(&other->epoch)); /* partner: thread_tick */
		if (t->vc[i] < clock)
			t->vc[i] = clock;
	}
	t->loaded = 1;
}

void sync_acquire_everything(struct race_thread *t)
{
	lock_take(&threads_lock);
	join_everybody(t);
	lock_drop(&threads_lock);
	t->biased = NULL;
	if (likely(t->version < race_version_max))
		t->version++;
	else
		thread_move(t);
}

void thread_start(struct race_thread *t, struct thread_birth *birth, int foreign)
{
	const uint32_t *vc = NULL;
	uint32_t n = 0, slot;

	lock_take(&threads_lock);
	t->foreign = (uint32_t)foreign;
	if (birth) {
		t->number = birth->number;
		vc = birth->big ? birth->big->vc : birth->in;
		n = birth->n;
		t->loaded = birth->loaded;
	} else {
		t->number = next_number++;
		facts_begin(t->number, 0, 0);
		if (foreign)
			process_is_multi();
	}
	t->n = n ? n : 8;
	slot = slot_choose(vc, n, foreign);
	if (slot == RACE_NO_SLOT)
		storage_bare(t);
	else
		slot_settle(t, slot);
	if (t->vc) {
		if (n)
			thread_join_clock(t, vc, n);
		if (foreign)
			join_everybody(t);
		if (n && birth->slot < RACE_SLOTS && t->seen[birth->slot] < birth->version)
			t->seen[birth->slot] = birth->version;
	}
	if (birth)
		birth_give(birth);
	lock_drop(&threads_lock);
}

void thread_end(struct race_thread *t, uintptr_t handle)
{
	struct facts *f;

	op_abandon(t);
	/* An epoch of its own for the end, which nobody can have by another way than this release: who covers it covers
	 * everything that this thread knew. When it used up the slot, the end is in the next one. */
	for (uint32_t slot = RACE_NO_SLOT; t->slot != slot && t->slot != RACE_NO_SLOT && (t->dirty | t->loaded);) {
		slot = t->slot;
		store_relaxed(&t->epoch, t->epoch + RACE_ONE_TICK);
		thread_tick(t);
	}
	if (handle)
		sync_release(t, handle);
	lock_take(&threads_lock);
	if (t->slot != RACE_NO_SLOT) {
		struct slot *s = &slots[t->slot];

		s->thread = NULL;
		s->clock = t->vc[t->slot];
		s->version = t->version;
		s->n = t->n;
		s->loaded = t->loaded;
		quarantine_put(t->slot);
	} else {
		storage_give(t->vc, t->n);
	}
	f = facts_of(t->number);
	if (f)
		f->told.running = 0;
	for (uint32_t i = 0; i <= RACE_FAMILIES; i++)
		race_families[i].ended += t->recorded[i];
	lock_drop(&threads_lock);
	t->vc = t->seen = NULL;
	t->slot = RACE_NO_SLOT;
	t->loaded = t->dirty = 0;
	memset(t->recorded, 0, sizeof(t->recorded));
}

/*
 * Own clock or version used up. The thread goes on in another slot, from its own clock; the old slot, whose last epoch has
 * just been published into that clock, is never used again. Nothing is lost, one of 8191 slots is.
 */
__attribute__((noinline, cold)) void thread_move(struct race_thread *t)
{
	uint32_t old = t->slot, *vc = t->vc, *seen = t->seen, n = t->n, slot;

	if (old == RACE_NO_SLOT) {
		t->version = 1;
		return;
	}
	t->biased = NULL;
	t->rewound = 0;
	open_close_all(t); /* they carry the old slot as their mark */
	t->releases++;     /* so that no read in progress takes our own old mark for another writer's */
	lock_take(&threads_lock);
	slot = slot_choose(vc, n, 0);
	slots[old].thread = NULL;
	slots[old].clock = vc[old];
	slots[old].version = t->version;
	if (slot == RACE_NO_SLOT) {
		count_up(COUNT_SLOT_NO_ROOM);
		slots[old].vc = slots[old].seen = NULL;
		t->slot = RACE_NO_SLOT;
		t->version = 1;
	} else {
		uint32_t width = width_for(slots_used);

		slot_settle(t, slot);
		thread_join_clock(t, vc, n);
		for (uint32_t i = 0; i < width; i++) {
			if (t->seen[i] < seen[i])
				t->seen[i] = seen[i];
		}
	}
	lock_drop(&threads_lock);
}

void threads_forked(struct race_thread *self)
{
	uint32_t self_slot = self ? self->slot : RACE_NO_SLOT;

	for (uint32_t i = 0; i < slots_used; i++) {
		struct slot *s = &slots[i];
		struct facts *f;

		if (!s->thread || i == self_slot)
			continue;
		/* Its clock may have been caught half joined: each entry is old or new, and self covers them all. */
		s->clock = word_clock(s->thread->epoch);
		s->version = s->thread->version + 1;
		s->n = s->thread->n;
		s->loaded = 1;
		s->vc[i] = s->clock;
		s->thread = NULL;
		quarantine_put(i);
		f = facts_of(s->number);
		if (f)
			f->told.running = 0;
	}
	for (uint32_t i = 0; i < births_used; i++) {
		if (births[i].used)
			birth_give(&births[i]);
	}
	if (self) {
		join_everybody(self);
		self->version++;
		memset(self->recorded, 0, sizeof(self->recorded));
	}
	store_relaxed(&race_multi, 0);
}

uint32_t engine_families(struct race_family_count *out)
{
	uint32_t n = 0;

	lock_take(&threads_lock);
	for (uint32_t k = 0; k <= RACE_FAMILIES; k++) {
		const struct family *f = &race_families[k];

		out[n] = (struct race_family_count){ load_relaxed(&f->kind), load_relaxed(&f->maps), f->ended };
		for (uint32_t i = 0; i < slots_used; i++) {
			if (slots[i].thread)
				out[n].recorded += load_relaxed(&slots[i].thread->recorded[k]);
		}
		n += out[n].maps || out[n].recorded;
	}
	lock_drop(&threads_lock);
	return n;
}

void threads_fold(void)
{
	uint64_t sum = 0;

	lock_take(&threads_lock);
	for (uint32_t k = 0; k <= RACE_FAMILIES; k++) {
		sum += race_families[k].ended;
		for (uint32_t i = 0; i < slots_used; i++) {
			if (slots[i].thread)
				sum += load_relaxed(&slots[i].thread->recorded[k]);
		}
	}
	lock_drop(&threads_lock);
	store_relaxed(&race_counters[COUNT_OPS_RECORDED], sum);
}

uint32_t threads_seen(void)
{
	return load_relaxed(&next_number);
}

/* For a debugger: facts of all threads, and whose slot is whose. */
DESCRIBE_OBJECT(thread_facts, facts)
DESCRIBE_NUMBER(thread_facts_room, FACTS)
DESCRIBE_SIZE(facts)
DESCRIBE_FIELD(facts, known)
DESCRIBE_FIELD(thread_facts, number)
DESCRIBE_FIELD(thread_facts, parent)
DESCRIBE_FIELD(thread_facts, stack)
DESCRIBE_FIELD(thread_facts, name)
DESCRIBE_FIELD(thread_facts, running)
DESCRIBE_OBJECT(slots, slots)
DESCRIBE_OBJECT(slots_used, slots_used)
DESCRIBE_SIZE(slot)
DESCRIBE_FIELD(slot, number)
DESCRIBE_FIELD(slot, first)
