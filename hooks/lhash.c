/* SPDX-License-Identifier: MIT */
/*
 * lhash.c - OpenSSL's LHASH. The rows are lhash.def.
 *
 * Accesses   are what crypto/lhash/lhash.c does. The table has no lock of its own; libcrypto and libssl guard theirs by pthread
 *            read-write locks and pthread_once, which are seen.
 * Exit       libcrypto registers OPENSSL_cleanup with atexit. It frees every table without a lock, also while threads that nobody
 *            joined still are or just were inside: its own decision, which no program can change. What it does is no access.
 * Start      what libcrypto sets up once is afterwards found by a flag that OPENSSL_init_crypto reads by an inlined atomic, without
 *            pthread_once: so every routine releases into one object when it ends, and OPENSSL_init_crypto acquires it.
 * Keys       an item is its own key, a struct that only its comparison knows: shown where the table is one of strings.
 */
#include "../preload/engine/layout.h"
#include "borrow.h"
#include "map_rows.h"
#include "once.h"

static long entries_of(uintptr_t map);
static long capacity_of(uintptr_t map);

static const struct race_kind lhash_kind = {
	.name = "LHASH",
	.contract = CONTRACT_UNSAFE,
	.entries = entries_of,
	.capacity = capacity_of,
};
#define HOOK_KIND lhash_kind

typedef void lhash_fn(void);

BORROW(unsigned long, OPENSSL_LH_strhash, (const char *))

static enum race_key_kind keys_of(const void *hash, const void *caller)
{
	return !hash || borrowed_is(&borrowed_OPENSSL_LH_strhash, hash, caller) ? KEY_STRING : KEY_NONE;
}

/* The begin of the private struct lhash_st, the same in 1.1.0 to 3.0. nodes grows by one at a time, the array by doubling. */
struct lhash_layout {
	void **array;
	const void *compare, *hash;
	unsigned nodes, array_size, p, pmax;
};
static int layout; /* 0 not known, 1 as above, -1 some other */

ORIGIN(lhash_kind, "libcrypto.so.*")
LAYOUT_TYPE(lhash_layout, lhash_kind, "struct lhash_st", "OpenSSL 1.1.0 to 3.0",
	    "the first table made with both functions must hold them, with 8 nodes in use of 16 and no split yet")
LAYOUT(lhash_layout, compare, "comp", "the check")
LAYOUT(lhash_layout, hash, "hash", "the check")
LAYOUT(lhash_layout, nodes, "num_nodes", "the check")
LAYOUT(lhash_layout, array_size, "num_alloc_nodes", "buckets in reports; growth; the check")
LAYOUT(lhash_layout, p, "p", "the check")
LAYOUT(lhash_layout, pmax, "pmax", "the check")

static void learn(const struct lhash_layout *h, const void *hash, const void *compare, const void *caller);

#include "lhash.def"

RACE_EXPORT void OPENSSL_cleanup(void);
HOOK_SLOT(OPENSSL_cleanup)
void OPENSSL_cleanup(void)
{
	__typeof__(&OPENSSL_cleanup) real = REAL(OPENSSL_cleanup);

	SYNC_ENTER(t->ignore++);
	real();
	SYNC_ENTER(t->ignore -= t->ignore > 0);
}

static char set_up;

RACE_EXPORT int CRYPTO_THREAD_run_once(void *control, void (*routine)(void));
HOOK_SLOT(CRYPTO_THREAD_run_once)
int CRYPTO_THREAD_run_once(void *control, void (*routine)(void))
{
	__typeof__(&CRYPTO_THREAD_run_once) real = REAL(CRYPTO_THREAD_run_once);
	uintptr_t outer = once_besides;
	int result;

	once_besides = KEY(&set_up);
	result = real(control, routine);
	once_besides = outer;
	return result;
}

SYNC_HOOK(int, OPENSSL_init_crypto, (uint64_t what, const void *settings), (what, settings), NOTHING, ALWAYS,
	  sync_acquire(t, KEY(&set_up)))

static void learn(const struct lhash_layout *h, const void *hash, const void *compare, const void *caller)
{
	(void)hook_ask(&hook_OPENSSL_LH_num_items, caller); /* for entries_of, which has no caller to find it by */
	if (likely(load_relaxed(&layout)) || !hash || !compare)
		return;
	store_relaxed(&layout, h->hash == hash && h->compare == compare && h->nodes == 8 && h->array_size == 16 && !h->p &&
			       h->pmax == 8 ? 1 : -1);
}

static long entries_of(uintptr_t map)
{
	__typeof__(&OPENSSL_LH_num_items) size = (__typeof__(&OPENSSL_LH_num_items))hook_known(&hook_OPENSSL_LH_num_items);

	return size ? (long)size((const void *)map) : -1;
}

static long capacity_of(uintptr_t map)
{
	return load_relaxed(&layout) == 1 ? (long)load_relaxed(&((const struct lhash_layout *)map)->array_size) : 0;
}
