/* SPDX-License-Identifier: MIT */
/*
 * glib_pool.c - GThreadPool.
 *
 * A pool calls one function for every item pushed. That function is replaced by pool_run, its user data by a record of
 * ours: so each run is ordered after all pushes so far, and whoever waits for the pool's end is ordered after the runs.
 * Runs do not order each other. GLib itself only passes both on (glib/gthreadpool.c); g_thread_pool_free and the pushes
 * find the record in the public struct.
 *
 * Records    one mapping, never unmapped; recycled when the pool is gone and every item pushed has been run. A pool
 *            freed with `immediate` and without waiting drops items without telling: its record stays.
 * When full  the pool runs unwrapped; its pushes are published (sync_publish_once), so that nothing done before a push
 *            is ever reported: misses, no false report.
 */
#include "../preload/sys/os.h"
#include "glib_types.h"
#include "sync_rows.h"

struct pool_record {
	glib_func run;
	void *user;
	uint32_t taken;   /* 0 free */
	uint64_t pending; /* pushed and not yet run; ORPHAN: its pool is gone, whoever makes the rest 0 recycles it */
};
#define ORPHAN ((uint64_t)1 << 63)

/* struct _GThreadPool in glib/gthreadpool.h. */
struct thread_pool {
	glib_func run;
	void *user;
	int exclusive;
};

enum { RECORDS = 1 << 16 };
static struct pool_record *records; /* set once */
static uint32_t next_record;        /* where the next search begins: behind the last taken, or at the last given */

#define PUSHED(r) KEY(r)
#define RUNS(r) (KEY(r) + 1)

static struct pool_record *record_take(glib_func run, void *user)
{
	struct pool_record *all = load_acquire(&records), *none = NULL; /* partner: the exchange below */
	uint32_t hint = load_relaxed(&next_record);

	if (unlikely(!all)) {
		all = os_map(RECORDS * sizeof(*all));
		if (!all)
			return NULL;
		if (!cas_acq_rel(&records, &none, all)) {
			os_unmap(all, RECORDS * sizeof(*all));
			all = none;
		}
	}
	for (uint32_t i = 0; i < RECORDS; i++) {
		uint32_t is_free = 0, at = (hint + i) % RECORDS;
		struct pool_record *r = &all[at];

		if (load_relaxed(&r->taken) || !cas_acq_rel(&r->taken, &is_free, 1))
			continue;
		store_relaxed(&next_record, at + 1);
		r->run = run;
		r->user = user;
		store_relaxed(&r->pending, 0);
		return r;
	}
	return NULL;
}

static void record_give(struct pool_record *r)
{
	SYNC_ENTER((void)t; sync_forget(PUSHED(r)); sync_forget(RUNS(r)));
	store_release(&r->taken, 0); /* partner: the exchange in record_take */
	store_relaxed(&next_record, (uint32_t)(r - records));
}

/* The pool's threads run this. */
static RUNS_CALLBACKS void pool_run(void *item, void *record)
{
	struct pool_record *r = record;

	SYNC_ENTER(sync_acquire(t, PUSHED(r)));
	r->run(item, r->user);
	SYNC_ENTER(sync_release_join(t, RUNS(r)));
	if (__atomic_sub_fetch(&r->pending, 1, __ATOMIC_ACQ_REL) == ORPHAN) /* partner: the other runs, pool_orphan */
		record_give(r);
}

/* The pool is gone for its user, but items may still be in the queue. */
static void pool_orphan(struct pool_record *r)
{
	if (__atomic_fetch_or(&r->pending, ORPHAN, __ATOMIC_ACQ_REL) == 0) /* partner: the runs' subtraction */
		record_give(r);
}

static inline struct pool_record *record_of(const struct thread_pool *pool)
{
	return pool && pool->run == pool_run ? pool->user : NULL;
}

#define POOL_NEW(symbol, params, args)                                                                               \
	RACE_EXPORT void *symbol params;                                                                             \
	HOOK_SLOT(symbol)                                                                                            \
	void *symbol params                                                                                          \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		/* libglib's own call of the one from the other is wrapped already */                                 \
		struct pool_record *r = run == pool_run ? NULL : record_take(run, user);                             \
		void *pool;                                                                                          \
		if (r) {                                                                                             \
			run = pool_run;                                                                              \
			user = r;                                                                                    \
		}                                                                                                    \
		pool = real args;                                                                                    \
		if (r && !pool)                                                                                      \
			record_give(r);                                                                              \
		return pool;                                                                                         \
	}

POOL_NEW(g_thread_pool_new, (glib_func run, void *user, int max, int exclusive, void **error),
	 (run, user, max, exclusive, error))
POOL_NEW(g_thread_pool_new_full, (glib_func run, void *user, glib_fn free_item, int max, int exclusive, void **error),
	 (run, user, free_item, max, exclusive, error))

RACE_EXPORT int g_thread_pool_push(struct thread_pool *pool, void *item, void **error);
HOOK_SLOT(g_thread_pool_push)
int g_thread_pool_push(struct thread_pool *pool, void *item, void **error)
{
	struct pool_record *r = record_of(pool);

	if (r) {
		add_relaxed(&r->pending, 1);
		SYNC_ENTER(sync_release_join(t, PUSHED(r)));
	} else {
		SYNC_ENTER(sync_publish_once(t, KEY(pool)));
	}
	return REAL(g_thread_pool_push)(pool, item, error);
}

/* Items that are dropped go to the pool's free function: here, or on a pool thread that may have begun its last run
 * before the last push; so what came before is published. */
RACE_EXPORT void g_thread_pool_free(struct thread_pool *pool, int immediate, int wait);
HOOK_SLOT(g_thread_pool_free)
void g_thread_pool_free(struct thread_pool *pool, int immediate, int wait)
{
	struct pool_record *r = record_of(pool);

	if (r) {
		SYNC_ENTER(sync_acquire(t, PUSHED(r)); if (immediate && !wait) sync_publish_once(t, PUSHED(r)));
	}
	REAL(g_thread_pool_free)(pool, immediate, wait);
	if (!r)
		return;
	if (wait) {
		SYNC_ENTER(sync_acquire(t, RUNS(r)));
		record_give(r);
	} else if (!immediate) {
		pool_orphan(r);
	}
}

/* "Nothing to do and nobody at work" is a way of knowing that the runs are over. */
static void pool_asked(const struct thread_pool *pool)
{
	struct pool_record *r = record_of(pool);

	if (r)
		SYNC_ENTER(sync_acquire(t, RUNS(r)));
}

RACE_EXPORT unsigned g_thread_pool_unprocessed(struct thread_pool *pool);
HOOK_SLOT(g_thread_pool_unprocessed)
unsigned g_thread_pool_unprocessed(struct thread_pool *pool)
{
	unsigned result = REAL(g_thread_pool_unprocessed)(pool);

	pool_asked(pool);
	return result;
}

RACE_EXPORT unsigned g_thread_pool_get_num_threads(struct thread_pool *pool);
HOOK_SLOT(g_thread_pool_get_num_threads)
unsigned g_thread_pool_get_num_threads(struct thread_pool *pool)
{
	unsigned result = REAL(g_thread_pool_get_num_threads)(pool);

	pool_asked(pool);
	return result;
}
