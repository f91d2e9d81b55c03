/* SPDX-License-Identifier: MIT */
/*
 * isc_ht.c - isc_ht_t, the hash table of BIND 9.16 and 9.18, and isc_rwlock, the lock that its users hold. The rows are isc_ht.def.
 *
 * Lifetime   isc_ht_init and isc_ht_destroy are given the address of the pointer. The destruction is no checked access:
 *            BIND destroys tables with the object that owns them, when an inlined atomic counter (isc_refcount)
 *            says that nobody else has it, and that order cannot be seen. A use after it is reported.
 * Iterators  struct isc_ht_iter begins with its table; believed once isc_ht_iter_create has shown it.
 * Locks      isc_rwlock is BIND's own, of atomics (lib/isc/rwlock.c), where it is not built upon pthread_rwlock_t; its other
 *            locks, conditions and threads are pthread's, called through the PLT.
 */
#include "../preload/engine/layout.h"
#include "map_rows.h"

static long entries_of(uintptr_t map);
static long capacity_of(uintptr_t map);

static const struct race_kind table_kind = {
	.name = "isc_ht_t",
	.contract = CONTRACT_UNSAFE,
	.entries = entries_of,
	.capacity = capacity_of,
};
#define HOOK_KIND table_kind

/* struct isc_ht of 9.18. */
#define TABLE_MAGIC 0x48546162u /* "HTab" */
struct table_layout {
	unsigned magic;
	void *memory;
	size_t entries;
	uint8_t case_sensitive;
	size_t size[2];
	uint8_t bits[2];
	void **table[2];
	uint8_t current;
	uint32_t moved;
};
static int layout; /* 0 not known, 1 as above, -1 some other */

ORIGIN(table_kind, "libisc[-.]*so*")
LAYOUT_TYPE(table_layout, table_kind, "struct isc_ht", "BIND 9.18",
	    "the first table made must begin with HTab, hold its memory context and number of bits, no entry and no rehash")
LAYOUT(table_layout, magic, "magic", "the check")
LAYOUT(table_layout, memory, "mctx", "the check")
LAYOUT(table_layout, entries, "count", "entries in reports; the check")
LAYOUT(table_layout, size, "size", "buckets in reports, of the current table; growth; the check")
LAYOUT(table_layout, bits, "hashbits", "the check")
LAYOUT(table_layout, table, "table", "the check")
LAYOUT(table_layout, current, "hindex", "which of the two tables is current; the check")
LAYOUT(table_layout, moved, "hiter", "the check")
SIZE(table_kind, &layout, SIZE_AT(table_layout, entries), SIZE_NONE, SIZE_NONE, 0)

static void learn(const struct table_layout *h, const void *memory, uint8_t bits)
{
	if (likely(load_relaxed(&layout)))
		return;
	store_relaxed(&layout, h->magic == TABLE_MAGIC && h->memory == memory && !h->entries && h->bits[0] == bits &&
				       !h->bits[1] && bits < 32 && h->size[0] == (size_t)1 << bits && h->table[0] && !h->table[1] &&
				       !h->current && !h->moved ? 1 : -1);
}

static long entries_of(uintptr_t map)
{
	return load_relaxed(&layout) == 1 ? (long)load_relaxed(&((const struct table_layout *)map)->entries) : -1;
}

static long capacity_of(uintptr_t map)
{
	const struct table_layout *h = (const struct table_layout *)map;

	return load_relaxed(&layout) == 1 ? (long)load_relaxed(&h->size[load_relaxed(&h->current) & 1]) : 0;
}

#include "isc_ht.def"

/* ---- births and deaths ------------------------------------------------------------------------------------------ */

/* What 9.18 returns nothing from returned a status in 9.16: whatever comes back is passed on. */
RACE_EXPORT int isc_ht_init(void **h, void *memory, uint8_t bits, unsigned options);
HOOK_SLOT(isc_ht_init)
HOOK_OP(isc_ht_init, &table_kind, CREATE, WRITE, KEY_NONE, 0)
int isc_ht_init(void **h, void *memory, uint8_t bits, unsigned options)
{
	int result = REAL(isc_ht_init)(h, memory, bits, options);
	struct race_thread *t;

	if (unlikely(!*h))
		return result;
	learn(*h, memory, bits);
	t = thread_enter();
	if (likely(t != NULL)) {
		map_create(t, &op_isc_ht_init, KEY(*h), KEY_NONE, FRAME);
		thread_leave(t);
	}
	return result;
}

RACE_EXPORT void isc_ht_destroy(void **h);
HOOK_SLOT(isc_ht_destroy)
HOOK_OP(isc_ht_destroy, &table_kind, DESTROY, NONE, KEY_NONE, 0)
void isc_ht_destroy(void **h)
{
	__typeof__(&isc_ht_destroy) real = REAL(isc_ht_destroy);
	uintptr_t map = h ? KEY(*h) : 0;
	struct race_thread *t = map ? thread_enter() : NULL;
	struct race_op_open open;

	if (unlikely(!t)) {
		real(h);
		return;
	}
	hook_op_enter(t, &op_isc_ht_destroy, map, 0, RACE_NO_BUCKET, FRAME, &open);
	real(h);
	hook_op_exit(t, &open);
	hook_reenter(t);
	map_destroy(t, &op_isc_ht_destroy, map, FRAME);
	thread_leave(t);
}

/* ---- walks --------------------------------------------------------------------------------------------------------
 * Creating an iterator reads which of the two tables is current, and allocates from the table's memory context, which
 * has its own lock. Destroying one, and asking for the current key or value, look at no more than one entry.
 */
struct table_walk {
	void *table;
};
LAYOUT_TYPE(table_walk, table_kind, "struct isc_ht_iter", "BIND 9.16 and 9.18", "the first iterator made must hold its table")
LAYOUT(table_walk, table, "ht", "the table that a step goes through; the check")
static int walk_layout; /* 0 not known, 1 as above, -1 some other */

RACE_EXPORT int isc_ht_iter_create(void *h, struct table_walk **i);
HOOK_SLOT(isc_ht_iter_create)
HOOK_OP(isc_ht_iter_create, &table_kind, ITERATE, READ, KEY_NONE, 0)
int isc_ht_iter_create(void *h, struct table_walk **i)
{
	__typeof__(&isc_ht_iter_create) real = REAL(isc_ht_iter_create);
	struct race_thread *t = thread_enter();
	struct race_op_open open;
	int result;

	if (unlikely(!t))
		return real(h, i);
	hook_op_enter(t, &op_isc_ht_iter_create, KEY(h), 0, RACE_NO_BUCKET, FRAME, &open);
	result = real(h, i);
	hook_op_exit(t, &open);
	if (unlikely(!load_relaxed(&walk_layout)) && *i)
		store_relaxed(&walk_layout, (*i)->table == h ? 1 : -1);
	return result;
}

#define WALK_MAP(i) ((i) && load_relaxed(&walk_layout) == 1 ? (i)->table : NULL)

MAP_HOOK_X(int, isc_ht_iter_first, (struct table_walk *i), (i), ITERATE, READ, WALK_MAP(i), 0, KEY_NONE, 0)
MAP_HOOK_X(int, isc_ht_iter_next, (struct table_walk *i), (i), ITERATE, READ, WALK_MAP(i), 0, KEY_NONE, 0)
MAP_HOOK_X(int, isc_ht_iter_delcurrent_next, (struct table_walk *i), (i), REMOVE, WRITE, WALK_MAP(i), 0, KEY_NONE, 0)

/* ---- isc_rwlock ---------------------------------------------------------------------------------------------------
 * isc_rwlock_lock never fails; it tries isc_rwlock_trylock first, which is then seen too: what this thread holds already is
 * not held twice.
 */
enum { ISC_READ = 1, ISC_WRITE = 2 };

static inline void isc_got(struct race_thread *t, const void *l, int type)
{
	if (type == ISC_WRITE) {
		sync_acquire(t, READERS(l));
		sync_acquire(t, KEY(l));
	} else {
		sync_acquire(t, KEY(l));
	}
	if (lock_mode(t, l) < 0)
		lock_held(t, KEY(l), LOCK_RWLOCK, type != ISC_WRITE);
}

static inline void isc_give(struct race_thread *t, const void *l, int type)
{
	lock_dropped(t, KEY(l));
	if (type == ISC_WRITE)
		sync_release_join(t, KEY(l));
	else
		sync_release_join(t, READERS(l));
}

/* From one mode to the other without letting go. */
static inline void isc_turned(struct race_thread *t, const void *l, int type)
{
	lock_dropped(t, KEY(l));
	isc_got(t, l, type);
}

static inline void isc_forget(const void *l)
{
	sync_forget(KEY(l));
	sync_forget(READERS(l));
}

SYNC_HOOK(int, isc_rwlock_init, (void *l, unsigned readers, unsigned writers), (l, readers, writers), isc_forget(l), NEVER,
	  NOTHING)
SYNC_HOOK(int, isc_rwlock_destroy, (void *l), (l), isc_forget(l), NEVER, NOTHING)
SYNC_HOOK(int, isc_rwlock_lock, (void *l, int type), (l, type), NOTHING, ALWAYS, isc_got(t, l, type))
SYNC_HOOK(int, isc_rwlock_trylock, (void *l, int type), (l, type), NOTHING, ON_ZERO, isc_got(t, l, type))
SYNC_HOOK(int, isc_rwlock_unlock, (void *l, int type), (l, type), isc_give(t, l, type), NEVER, NOTHING)
SYNC_HOOK(int, isc_rwlock_tryupgrade, (void *l), (l), NOTHING, ON_ZERO, isc_turned(t, l, ISC_WRITE))
SYNC_HOOK_VOID(isc_rwlock_downgrade, (void *l), (l), sync_release_join(t, KEY(l)), isc_turned(t, l, ISC_READ))
