/* SPDX-License-Identifier: MIT */
/*
 * compound.c - a look-up, another thread's write of the same key, and the act that relied on the look-up.
 *
 * Owns      the table of keys and the table of values, both mapped by compound_start and bounded. A key is (map, incarnation, hash
 *           of the key as note.h records it); beside it lie the last look-ups of a few threads and the last write. A value
 *           is the address that a look-up gave to a thread.
 * Torn      a write of the key by another thread tears every look-up that happens before it; the act of the look-up's thread is
 *           reported when the write happens before the act. A look-up that is in no order with the write is void: that is
 *           a data race, and told as one. The last look-up counts: a new one is whole. The act uses its look-up up.
 *           A removal tears no look-up that found nothing: there was nothing to remove.
 * Concurrent maps are ordered by nobody. A look-up is filed when it has ended, and a write tears when it begins, so that the one
 *           came after the other; while some write of the key is going on no act is judged.
 * Far back  only the last LOOKS_BACK look-ups of a thread count: what it does much later, it does for other reasons.
 * Values    a block that is freed while another thread knows it as a value is kept (quarantine) instead of freed, until enough others
 *           came after it. No new owner can have the address meanwhile: whoever uses it uses freed memory.
 * Locks     one for a sixteenth of the keys, one for the values; leaves, taken inside the guard only. A forked child maps new
 *           tables, so that nobody need hold them around fork.
 * When full an old key, look-up or value is forgotten: a miss. Nothing is told of it that is not so.
 * Must not  call the embedder with a lock held, or read a key after its operation has begun.
 */
#include "compound.h"

#include "map.h"
#include "note.h"
#include "record.h"
#include "trace.h"

#define LOOKS 4        /* threads whose look-ups of one key are remembered */
#define LOOKS_BACK 16
#define KEY_BITS 12
#define VALUE_BITS 12
#define WAYS 4
#define STRIPES 16
#define KEPT 64
#define STRING_MAX 65536

enum found { FOUND_UNKNOWN, FOUND_ABSENT, FOUND_PRESENT };

struct look {
	uint64_t word;   /* 0: none */
	uint32_t number; /* of the thread */
	uint32_t nth;    /* look-up of it */
	uint8_t torn;    /* the key was written since */
	uint8_t found;
};

struct key {
	uintptr_t map;
	uint64_t hash;
	uint32_t gen;    /* of the map's cell */
	uint32_t used;   /* for the choice of who goes */
	uint32_t inside; /* writes of a concurrent map that have begun and not ended */
	uint32_t turn;
	struct look looks[LOOKS];
	struct race_note write; /* the last; its word is 0 when there was none */
};

struct value {
	uintptr_t at; /* 0: free. Read without the lock as a filter */
	uintptr_t map;
	const struct race_op *op;
	uint64_t word; /* the look-up's */
	uint32_t number, gen, used;
	uint32_t freed;
	struct race_note note; /* of the freeing */
};

static struct {
	struct key *keys;
	struct value *values;
	uint32_t key_sets, value_sets; /* powers of two */
	uint32_t clock;   /* who was used before whom; any thread */
	uint32_t freed;   /* values that are marked, about */
	struct lock stripes[STRIPES], values_lock;
	uintptr_t kept[KEPT]; /* under values_lock, as all below */
	uint32_t kept_at;
} all;

uint32_t race_compound, race_values;

/* ---- start ------------------------------------------------------------------------------------------------------------ */

#define KEYS_BYTES (sizeof(struct key) << KEY_BITS)
#define VALUES_BYTES (sizeof(struct value) << VALUE_BITS)

static void tables_drop(void)
{
	if (all.keys)
		os_unmap(all.keys, KEYS_BYTES);
	if (all.values)
		os_unmap(all.values, VALUES_BYTES);
	memset(&all, 0, sizeof(all));
	store_relaxed(&race_values, 0);
}

static int tables_make(int small)
{
	tables_drop();
	all.keys = os_map(KEYS_BYTES);
	all.values = os_map(VALUES_BYTES);
	if (!all.keys || !all.values) {
		tables_drop();
		return -1;
	}
	all.key_sets = small ? 2 : (1u << KEY_BITS) / WAYS;
	all.value_sets = small ? 2 : (1u << VALUE_BITS) / WAYS;
	return 0;
}

int compound_start(void)
{
	if (race_compound)
		return 0;
	if (tables_make(race_tables.small) != 0)
		return -1;
	store_relaxed(&race_compound, 1);
	if (load_relaxed(&race_multi) & RACE_MULTI_THREADS)
		__atomic_fetch_or(&race_multi, RACE_MULTI_COMPOUND, __ATOMIC_RELAXED);
	return 0;
}

void compound_stop(void)
{
	store_relaxed(&race_compound, 0);
	tables_drop();
}

void compound_init(int small)
{
	if (race_compound && tables_make(small) != 0)
		compound_stop();
}

/* What was kept stays so: in the child nobody asks for it any more. */
void compound_forked(void)
{
	compound_init(race_tables.small);
}

/* ---- keys ------------------------------------------------------------------------------------------------------------- */

static uint64_t mixed(uint64_t h)
{
	h = (h ^ h >> 32) * 0x9E3779B97F4A7C15ull;
	return h ^ h >> 29;
}

/* What tells this key from others of its map; 0: it cannot be told. */
static uint64_t key_hash(const struct race_op *op, uint32_t map_key_kind, uintptr_t key)
{
	uint32_t kind = key_read(op, map_key_kind, &key), i;
	uint64_t h = 0xCBF29CE484222325ull + kind;

	if (kind == KEY_NONE || kind == KEY_BY_MAP || (op->flags & OP_NO_IDENTITY))
		return 0;
	if (kind != KEY_STRING)
		return mixed(mixed(h ^ key) + kind) | 1;
	for (i = 0; i < STRING_MAX && ((const char *)key)[i]; i++)
		h = (h ^ (uint8_t)((const char *)key)[i]) * 0x100000001B3ull;
	return i < STRING_MAX ? mixed(h) | 1 : 0;
}

static struct lock *key_lock(uintptr_t map, uint64_t hash)
{
	return &all.stripes[mixed(hash ^ map) % all.key_sets % STRIPES];
}

/* With its lock held. make: else NULL when it is not there. */
static struct key *key_find(uintptr_t map, uint32_t gen, uint64_t hash, int make)
{
	struct key *set = &all.keys[(mixed(hash ^ map) % all.key_sets) * WAYS], *oldest = set;
	uint32_t now = add_relaxed(&all.clock, 1);

	for (uint32_t i = 0; i < WAYS; i++) {
		struct key *k = &set[i];

		if (k->map == map && k->hash == hash && k->gen == gen) {
			k->used = now;
			return k;
		}
		if (oldest->map && (!k->map || now - k->used > now - oldest->used))
			oldest = k;
	}
	if (!make)
		return NULL;
	if (oldest->map)
		count_up(COUNT_KEY_NO_ROOM);
	memset(oldest, 0, sizeof(*oldest));
	oldest->map = map;
	oldest->hash = hash;
	oldest->gen = gen;
	oldest->used = now;
	return oldest;
}

static struct look *look_of(struct key *k, const struct race_thread *t)
{
	for (uint32_t i = 0; i < LOOKS; i++) {
		if (k->looks[i].word && k->looks[i].number == t->number)
			return &k->looks[i];
	}
	return NULL;
}

static struct look *look_room(struct key *k, const struct race_thread *t)
{
	struct look *l = look_of(k, t);

	for (uint32_t i = 0; !l && i < LOOKS; i++) {
		if (!k->looks[i].word)
			l = &k->looks[i];
	}
	return l ? l : &k->looks[k->turn++ % LOOKS];
}

static void look_file(struct race_thread *t, uintptr_t map, uint32_t gen, uint64_t hash, uint32_t stack)
{
	struct lock *lock = key_lock(map, hash);
	struct look *l;

	lock_take(lock);
	l = look_room(key_find(map, gen, hash, 1), t);
	l->word = t->epoch | stack;
	l->number = t->number;
	l->nth = t->looks++;
	l->torn = 0;
	l->found = FOUND_UNKNOWN;
	lock_drop(lock);
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

/* What a finding is made of. */
struct tear {
	uint64_t checked;
	struct race_note write;
};

static void found_begin(struct race_thread *t, struct race_finding *f, const struct race_touch *touch, uint32_t stack,
			uint32_t map_key_kind, const struct tear *tear, enum record_compound what)
{
	finding_begin(f, FOUND_CHECK_THEN_ACT, VERDICT_CERTAIN);
	access_now(t, &f->now, touch->op, touch->key, touch->bucket, stack, map_key_kind);
	access_describe(&f->before, tear->write.word, &tear->write, 1);
	f->checked_stack = word_stack(tear->checked);
	f->compound = (uint8_t)what;
}

static __attribute__((noinline, cold)) void found_torn(struct race_thread *t, struct race_cell *c, const struct race_touch *touch,
							uint32_t stack, const struct tear *tear)
{
	enum race_role role = touch->op->role;
	struct race_finding f;

	found_begin(t, &f, touch, stack, load_relaxed(&c->key_kind), tear,
		    role == ROLE_INSERT ? COMPOUND_INSERT : role == ROLE_REMOVE ? COMPOUND_REMOVE : COMPOUND_UPDATE);
	finding_deliver(t, &f, c, touch->op, touch->map);
}

/* This thread's own look-up ends here. 1: torn. */
static int look_use(struct race_thread *t, struct key *k, int concurrent, struct tear *tear)
{
	struct look *l = look_of(k, t);
	int torn = l && l->torn && t->looks - l->nth <= LOOKS_BACK && !k->inside && (concurrent || ordered(t, k->write.word));

	if (torn) {
		tear->checked = l->word;
		tear->write = k->write;
	}
	if (l)
		l->word = 0;
	return torn;
}

/* The others' look-ups of that key. */
static void looks_tear(struct race_thread *t, struct key *k, int concurrent, int removes)
{
	for (uint32_t i = 0; i < LOOKS; i++) {
		struct look *l = &k->looks[i];

		if (!l->word || l->number == t->number)
			continue;
		if (!concurrent && !ordered(t, l->word))
			l->word = 0;
		else if (!removes || l->found != FOUND_ABSENT)
			l->torn = 1;
	}
}

static void act(struct race_thread *t, struct race_cell *c, const struct race_touch *touch, uint64_t hash, int concurrent)
{
	struct lock *lock = key_lock(touch->map, hash);
	uint32_t stack = engine_capture(t, touch->op, touch->fp);
	struct tear tear;
	struct key *k;
	int torn;

	lock_take(lock);
	k = key_find(touch->map, load_relaxed(&c->gen), hash, 1);
	torn = look_use(t, k, concurrent, &tear);
	if (!(touch->op->flags & OP_IF_ABSENT)) {
		looks_tear(t, k, concurrent, touch->op->role == ROLE_REMOVE);
		note_write(&k->write, t->epoch | stack, t, touch, load_relaxed(&c->key_kind));
		k->inside += (uint32_t)concurrent;
	} else {
		torn = 0; /* it looks for itself */
	}
	lock_drop(lock);
	if (torn)
		found_torn(t, c, touch, stack, &tear);
}

static int is_act(const struct race_op *op)
{
	return op->access == ACCESS_WRITE && (op->role == ROLE_INSERT || op->role == ROLE_REMOVE || op->role == ROLE_UPDATE);
}

static void value_used(struct race_thread *t, const struct race_touch *touch, uintptr_t at);

/* What this key is found by is read. */
static int key_is_read(const struct race_op *op, uint32_t map_key_kind)
{
	uint32_t kind = op->key_kind == KEY_BY_MAP ? map_key_kind : op->key_kind;

	return kind == KEY_STRING || kind == KEY_INT_AT || kind == KEY_LONG_AT;
}

void compound_enter(struct race_thread *t, struct race_cell *c, const struct race_touch *touch, struct race_op_open *open)
{
	const struct race_op *op = touch->op;
	int concurrent;
	uint64_t hash;

	if (t->ignore || t->slot == RACE_NO_SLOT)
		return;
	if (load_relaxed(&all.freed)) {
		value_used(t, touch, touch->map);
		if (touch->key && key_is_read(op, c ? load_relaxed(&c->key_kind) : KEY_NONE))
			value_used(t, touch, touch->key);
	}
	if (!c || (op->role != ROLE_LOOKUP && !is_act(op)))
		return;
	concurrent = load_relaxed(&c->contract) == CONTRACT_CONCURRENT;
	if (load_relaxed(&c->state) != (concurrent ? CELL_EXEMPT : CELL_LIVE))
		return;
	hash = key_hash(op, load_relaxed(&c->key_kind), touch->key);
	if (!hash)
		return;
	if (op->role == ROLE_LOOKUP && !concurrent)
		look_file(t, touch->map, load_relaxed(&c->gen), hash, engine_capture(t, op, touch->fp));
	if (op->role != ROLE_LOOKUP)
		act(t, c, touch, hash, concurrent);
	if (!concurrent || (op->flags & OP_IF_ABSENT))
		return;
	open->cell = c;
	open->op = op;
	open->map = touch->map;
	open->gen = load_relaxed(&c->gen);
	open->writer = 1;
	open->nested = OPEN_COMPOUND;
	open->sp = (uintptr_t)hash;
	open->seq = op->role == ROLE_LOOKUP ? engine_capture(t, op, touch->fp) : 0;
}

void compound_leave(struct race_thread *t, struct race_op_open *open)
{
	uint64_t hash = open->sp;
	struct lock *lock;
	struct key *k;

	if (!load_relaxed(&race_compound) || load_relaxed(&open->cell->gen) != open->gen)
		return;
	if (open->op->role == ROLE_LOOKUP) {
		look_file(t, open->map, open->gen, hash, open->seq);
		return;
	}
	lock = key_lock(open->map, hash);
	lock_take(lock);
	k = key_find(open->map, open->gen, hash, 0);
	if (k && k->inside)
		k->inside--;
	lock_drop(lock);
}

void compound_looked(struct race_thread *t, const struct race_touch *touch, int found, uintptr_t value)
{
	struct race_cell *c = cell_find(touch->map);
	uint64_t hash = c ? key_hash(touch->op, load_relaxed(&c->key_kind), touch->key) : 0;
	struct lock *lock;
	struct look *l;
	struct key *k;

	if (hash) {
		lock = key_lock(touch->map, hash);
		lock_take(lock);
		k = key_find(touch->map, load_relaxed(&c->gen), hash, 0);
		l = k ? look_of(k, t) : NULL;
		if (l && !l->torn)
			l->found = found ? FOUND_PRESENT : FOUND_ABSENT;
		lock_drop(lock);
	}
	if (value)
		compound_value(t, touch->op, touch->map, value, touch->fp);
}

/* ---- values ----------------------------------------------------------------------------------------------------------- */

static inline struct value *value_set(uintptr_t at)
{
	return &all.values[(mixed(at) & (all.value_sets - 1)) * WAYS];
}

int compound_knows(uintptr_t block)
{
	struct value *set;

	if (!all.values)
		return 0;
	set = value_set(block);
	for (uint32_t i = 0; i < WAYS; i++) {
		if (load_relaxed(&set[i].at) == block)
			return 1;
	}
	return 0;
}

static void value_forget(struct value *v)
{
	if (v->freed)
		sub_relaxed(&all.freed, 1);
	store_relaxed(&v->at, 0);
	v->freed = 0;
}

void compound_value(struct race_thread *t, const struct race_op *op, uintptr_t map, uintptr_t value, const uintptr_t *fp)
{
	struct race_cell *c = cell_find(map);
	struct value *set = value_set(value), *v = set;
	uint32_t now = add_relaxed(&all.clock, 1), stack;

	if (value < 4096 || value == map || !c || t->ignore || t->slot == RACE_NO_SLOT ||
	    !(load_relaxed(&race_multi) & RACE_MULTI_THREADS))
		return;
	stack = engine_capture(t, op, fp);
	lock_take(&all.values_lock);
	for (uint32_t i = 0; i < WAYS; i++) {
		if (set[i].at == value && set[i].number == t->number) {
			v = &set[i];
			break;
		}
		if (v->at && (!set[i].at || now - set[i].used > now - v->used))
			v = &set[i];
	}
	value_forget(v);
	v->map = map;
	v->op = op;
	v->word = t->epoch | stack;
	v->number = t->number;
	v->gen = load_relaxed(&c->gen);
	v->used = now;
	store_relaxed(&v->at, value);
	lock_drop(&all.values_lock);
	store_relaxed(&race_values, 1);
}

static __attribute__((noinline, cold)) void found_freed(struct race_thread *t, const struct race_touch *touch, const struct value *v)
{
	struct tear tear = { v->word, v->note };
	struct race_cell *c = cell_find(v->map);
	struct race_finding f;

	found_begin(t, &f, touch, engine_capture(t, touch->op, touch->fp), KEY_NONE, &tear, COMPOUND_VALUE_FREED);
	f.now.key_kind = f.before.key_kind = KEY_NONE; /* of some other map */
	f.now.bucket = f.before.bucket = RACE_NO_BUCKET;
	finding_deliver(t, &f, c && load_relaxed(&c->gen) == v->gen ? c : NULL, v->op, v->map);
}

/* This thread uses that address. Told once. */
static __attribute__((noinline)) void value_used(struct race_thread *t, const struct race_touch *touch, uintptr_t at)
{
	struct value *set = value_set(at), was;
	int found = 0;

	if (!compound_knows(at))
		return;
	lock_take(&all.values_lock);
	for (uint32_t i = 0; i < WAYS && !found; i++) {
		if (set[i].at == at && set[i].number == t->number && set[i].freed) {
			was = set[i];
			value_forget(&set[i]);
			found = 1;
		}
	}
	lock_drop(&all.values_lock);
	if (found)
		found_freed(t, touch, &was);
}

/* Forgets what anybody knows of an address that gets a new owner now. values_lock held. */
static void values_forget(uintptr_t at)
{
	struct value *set = value_set(at);

	for (uint32_t i = 0; i < WAYS; i++) {
		if (set[i].at == at)
			value_forget(&set[i]);
	}
}

/* 1: it was kept, and no longer is. values_lock held. */
static int unkeep(uintptr_t block)
{
	for (uint32_t i = 0; i < KEPT; i++) {
		if (all.kept[i] == block) {
			all.kept[i] = 0;
			return 1;
		}
	}
	return 0;
}

/* Marks the value in the hands of all other threads; how many. values_lock held. */
static uint32_t values_mark(struct race_thread *t, const struct race_touch *touch, uintptr_t at, uint32_t stack)
{
	struct value *set = value_set(at);
	uint32_t marked = 0;

	for (uint32_t i = 0; i < WAYS; i++) {
		struct value *v = &set[i];

		if (v->at != at)
			continue;
		if (v->number == t->number) {
			value_forget(v);
			continue;
		}
		note_write(&v->note, t->epoch | stack, t, touch, KEY_NONE);
		v->freed = 1;
		add_relaxed(&all.freed, 1);
		marked++;
	}
	return marked;
}

void compound_resize(struct race_thread *t, const struct race_op *op, uintptr_t block, const uintptr_t *fp)
{
	struct race_touch touch = { op, block, 0, RACE_NO_BUCKET, fp };

	value_used(t, &touch, block);
	lock_take(&all.values_lock);
	if (unkeep(block))
		values_forget(block);
	lock_drop(&all.values_lock);
}

uintptr_t compound_free(struct race_thread *t, const struct race_op *op, uintptr_t block, const uintptr_t *fp)
{
	struct race_touch touch = { op, block, 0, RACE_NO_BUCKET, fp };
	uint32_t stack;

	value_used(t, &touch, block);
	if (t->slot == RACE_NO_SLOT || t->ignore) {
		lock_take(&all.values_lock);
		unkeep(block);
		values_forget(block);
		lock_drop(&all.values_lock);
		return block;
	}
	stack = engine_capture(t, op, fp);
	lock_take(&all.values_lock);
	if (unkeep(block)) {
		values_forget(block); /* freed twice: once is enough */
	} else if (values_mark(t, &touch, block, stack)) {
		uint32_t at = all.kept_at++ % KEPT;
		uintptr_t oldest = all.kept[at];

		all.kept[at] = block;
		if (oldest)
			values_forget(oldest);
		block = oldest;
	}
	lock_drop(&all.values_lock);
	return block;
}
