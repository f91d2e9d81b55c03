/* SPDX-License-Identifier: MIT */
/*
 * gdatalist.c - GData, the keyed data lists that every GObject carries. The rows are gdatalist.def.
 *
 * A list protects itself: its functions take a bit lock in the list's own pointer, and any threads may set, get and remove at
 * once. All but one: g_datalist_foreach reads the list without that lock, and is documented as not thread-safe. So what
 * can race is a walk with a change, and nothing else:
 *
 *   - A walk is a read of the list, from begin to end.
 *   - A change is a write, but changes are ordered among each other as the bit lock orders them. Which comes first is
 *     decided inside GLib, where nobody looks: a change's acquire, check, record and release are one step, under
 *     `changing`. Who finds that taken is not checked: two changes at one moment are what a list is for.
 *   - A list that nobody has walked is not known here at all: most programs pay one load a call, others one look-up more.
 *     A change that came before the first walk is not compared with it.
 *
 * Lifetime   g_datalist_init and g_datalist_clear end what is known of a list; so does free() of the memory it lies in.
 */
#include "../preload/engine/layout.h"
#include "glib_types.h"
#include "map_rows.h"

static const struct race_kind list_kind = {
	.name = "GData",
	.contract = CONTRACT_UNSAFE,
	.implicit = 1,
};
#define HOOK_KIND list_kind
ORIGIN(list_kind, "libglib-2.0.so.0")

static int walked; /* some list of the process has been walked */

static inline int list_is_known(const void *h)
{
	return unlikely(load_relaxed(&walked)) && h && map_incarnation(KEY(h));
}

/* ---- changes and look-ups --------------------------------------------------------------------------------------- */

/* The lock inside the list. Its word is the list's address, which the bit lock hooks use where they see it. */
#define LIST_LOCK(h) (KEY(h) + 1)

/* The process that is inside, 0 none. A forked child finds its parent's number, which holds nothing there. */
static int changing;

static __attribute__((noinline)) void list_step(const void *h, const struct race_op *op, const uintptr_t *fp)
{
	struct race_touch touch = { op, KEY(h), 0, RACE_NO_BUCKET, fp };
	struct race_thread *t = thread_enter();
	struct race_op_open open;
	int inside;

	if (!t)
		return;
	inside = load_relaxed(&changing);
	if (inside != race_process &&
	    __atomic_compare_exchange_n(&changing, &inside, race_process, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		sync_acquire(t, LIST_LOCK(h));
		if (op) {
			op_enter(t, &touch, &open);
			if (open.cell)
				op_exit(t, &open);
		}
		sync_release_join(t, LIST_LOCK(h));
		__atomic_store_n(&changing, 0, __ATOMIC_RELEASE); /* partner: the exchange above */
	}
	thread_leave(t);
}

static __attribute__((noinline)) void list_found(const void *h)
{
	SYNC_ENTER(sync_acquire(t, LIST_LOCK(h)));
}

#define LOCKED_HOOK(returns, symbol, params, args, change)                                                           \
	RACE_EXPORT returns symbol params;                                                                           \
	HOOK_SLOT(symbol)                                                                                            \
	returns symbol params                                                                                        \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		returns result;                                                                                      \
		if (likely(!list_is_known(h)))                                                                       \
			return real args;                                                                            \
		list_step(h, change, FRAME);                                                                         \
		result = real args;                                                                                  \
		list_found(h);                                                                                       \
		return result;                                                                                       \
	}
#define LOCKED_HOOK_VOID(symbol, params, args, change)                                                               \
	RACE_EXPORT void symbol params;                                                                              \
	HOOK_SLOT(symbol)                                                                                            \
	void symbol params                                                                                           \
	{                                                                                                            \
		__typeof__(&symbol) real = REAL(symbol);                                                             \
		if (unlikely(list_is_known(h)))                                                                      \
			list_step(h, change, FRAME);                                                                 \
		real args;                                                                                           \
	}
HOOK_EXTRA_OP(g_datalist_id_set_data_full, setting, &list_kind, INSERT, WRITE, 0)
HOOK_EXTRA_OP(g_datalist_id_set_data_full, removing, &list_kind, REMOVE, WRITE, 0)
HOOK_EXTRA_OP(g_datalist_id_remove_no_notify, removing, &list_kind, REMOVE, WRITE, 0)
HOOK_EXTRA_OP(g_datalist_id_remove_multiple, removing, &list_kind, REMOVE, WRITE, 0)
HOOK_EXTRA_OP(g_datalist_id_replace_data, setting, &list_kind, UPDATE, WRITE, 0)

#include "gdatalist.def"

/* ---- walk, birth, death ----------------------------------------------------------------------------------------- */

RACE_EXPORT void g_datalist_foreach(void **h, glib_fn f, void *user);
HOOK_SLOT(g_datalist_foreach)
HOOK_OP(g_datalist_foreach, &list_kind, ITERATE, READ, KEY_NONE, OP_INTERVAL)
void g_datalist_foreach(void **h, glib_fn f, void *user)
{
	__typeof__(&g_datalist_foreach) real = REAL(g_datalist_foreach);
	struct race_thread *t = thread_enter();
	struct race_op_open open;

	if (unlikely(!t)) {
		real(h, f, user);
		return;
	}
	if (unlikely(!load_relaxed(&walked)))
		store_relaxed(&walked, 1);
	hook_op_enter(t, &op_g_datalist_foreach, KEY(h), 0, RACE_NO_BUCKET, FRAME, &open);
	real(h, f, user);
	hook_op_exit(t, &open);
}

/* The memory becomes a list: whatever it was before. */
RACE_EXPORT void g_datalist_init(void **h);
HOOK_SLOT(g_datalist_init)
void g_datalist_init(void **h)
{
	__typeof__(&g_datalist_init) real = REAL(g_datalist_init);

	if (unlikely(list_is_known(h)))
		SYNC_ENTER(memory_forget(KEY(h), sizeof(*h)));
	real(h);
}

/* Takes the entries out under the lock and frees them. Mostly the owner's last act: the next change or walk starts anew. */
RACE_EXPORT void g_datalist_clear(void **h);
HOOK_SLOT(g_datalist_clear)
HOOK_OP(g_datalist_clear, &list_kind, DESTROY, WRITE, KEY_NONE, 0)
void g_datalist_clear(void **h)
{
	__typeof__(&g_datalist_clear) real = REAL(g_datalist_clear);

	if (unlikely(list_is_known(h))) {
		list_step(h, &op_g_datalist_clear, FRAME);
		SYNC_ENTER(map_destroy(t, &op_g_datalist_clear, KEY(h), FRAME));
	}
	real(h);
}
