/* SPDX-License-Identifier: MIT */
/* BUILD: liburcu liburcu-mb liburcu-bp liburcu-signal liburcu-qsbr liburcu-cds -Wno-deprecated-declarations */
/*
 * urcu_twins.c - what liburcu orders: read sections and grace periods of each flavour, callbacks, published pointers, queues, stacks,
 * the hash table. Without _LGPL_SOURCE: every call is a call.
 *
 * Registering takes a mutex of liburcu that grace periods take too. So everybody registers before anything is touched, and nobody
 * goes before everything is over: the twins stand on the edge that they are named after alone.
 */
#include <stdbool.h>

#include <urcu/urcu-bp.h>
#include <urcu/urcu-mb.h>
#include <urcu/urcu-memb.h>
#include <urcu/urcu-qsbr.h>
#include <urcu/urcu-signal.h>

#include <urcu/lfstack.h>
#include <urcu/rculfhash.h>
#include <urcu/rculfqueue.h>
#include <urcu/rculfstack.h>
#include <urcu/wfcqueue.h>
#include <urcu/wfqueue.h>
#include <urcu/wfstack.h>

#include "twins.h"

static struct gate a_ready, b_ready, b_done;

/* The headers declare these for the flavour that is included first only. */
#define DECLARE(f)                                                                                                     \
	extern const struct rcu_flavor_struct urcu_##f##_flavor;                                                       \
	void urcu_##f##_call_rcu(struct rcu_head *head, void (*callback)(struct rcu_head *));                          \
	struct call_rcu_data *urcu_##f##_create_call_rcu_data(unsigned long flags, int cpu);                           \
	void urcu_##f##_set_thread_call_rcu_data(struct call_rcu_data *data);                                          \
	void urcu_##f##_barrier(void);                                                                                 \
	void urcu_##f##_defer_rcu(void (*callback)(void *), void *p);                                                  \
	int urcu_##f##_defer_register_thread(void);                                                                    \
	void urcu_##f##_defer_unregister_thread(void);                                                                 \
	void urcu_##f##_defer_barrier(void);
DECLARE(memb)
DECLARE(mb)
DECLARE(signal)
DECLARE(qsbr)

#define SYNCHRONIZE_TWINS(f)                                                                                           \
	static void *f##_synchronize_a(void *unused)                                                                   \
	{                                                                                                              \
		urcu_##f##_register_thread();                                                                          \
		gate_open(&a_ready);                                                                                   \
		gate_wait(&b_ready, 1);                                                                                \
		urcu_##f##_read_lock();                                                                                \
		if (!racy)                                                                                             \
			touch_a();                                                                                     \
		urcu_##f##_read_unlock();                                                                              \
		if (racy)                                                                                              \
			touch_a();                                                                                     \
		gate_open(&a_done);                                                                                    \
		gate_wait(&b_done, 1);                                                                                 \
		f##_unregister();                                                                                      \
		return unused;                                                                                         \
	}                                                                                                              \
	static void *f##_synchronize_b(void *unused)                                                                   \
	{                                                                                                              \
		gate_wait(&a_ready, 1);                                                                                \
		urcu_##f##_register_thread();                                                                          \
		gate_open(&b_ready);                                                                                   \
		gate_wait(&a_done, 1);                                                                                 \
		urcu_##f##_synchronize_rcu();                                                                          \
		touch_b();                                                                                             \
		gate_open(&b_done);                                                                                    \
		f##_unregister();                                                                                      \
		return unused;                                                                                         \
	}

/* What was done before a grace period is known to a section that begins after it. */
#define SECTION_TWINS(f)                                                                                               \
	static void *f##_section_a(void *unused)                                                                       \
	{                                                                                                              \
		urcu_##f##_register_thread();                                                                          \
		gate_open(&a_ready);                                                                                   \
		gate_wait(&b_ready, 1);                                                                                \
		if (!racy)                                                                                             \
			touch_a();                                                                                     \
		urcu_##f##_synchronize_rcu();                                                                          \
		if (racy)                                                                                              \
			touch_a();                                                                                     \
		gate_open(&a_done);                                                                                    \
		gate_wait(&b_done, 1);                                                                                 \
		f##_unregister();                                                                                      \
		return unused;                                                                                         \
	}                                                                                                              \
	static void *f##_section_b(void *unused)                                                                       \
	{                                                                                                              \
		gate_wait(&a_ready, 1);                                                                                \
		urcu_##f##_register_thread();                                                                          \
		gate_open(&b_ready);                                                                                   \
		gate_wait(&a_done, 1);                                                                                 \
		urcu_##f##_read_lock();                                                                                \
		touch_b();                                                                                             \
		urcu_##f##_read_unlock();                                                                              \
		gate_open(&b_done);                                                                                    \
		f##_unregister();                                                                                      \
		return unused;                                                                                         \
	}

static struct rcu_head later;

static void callback_b(struct rcu_head *unused)
{
	(void)unused;
	if (racy)
		gate_wait(&a_done, 1);
	touch_b();
	gate_open(&b_done);
}

static void callback_a(struct rcu_head *unused)
{
	(void)unused;
	touch_a();
	gate_open(&a_done);
}

static void deferred_b(void *unused)
{
	callback_b(unused);
}

/* A real-time worker polls: call_rcu does not wake it. It is there before anything is touched. */
#define CALLBACK_TWINS(f)                                                                                              \
	static void f##_worker(void)                                                                                   \
	{                                                                                                              \
		urcu_##f##_register_thread();                                                                          \
		urcu_##f##_set_thread_call_rcu_data(urcu_##f##_create_call_rcu_data(URCU_CALL_RCU_RT, -1));            \
	}                                                                                                              \
	static void *f##_call_rcu_alone(void *unused)                                                                  \
	{                                                                                                              \
		f##_worker();                                                                                          \
		if (!racy)                                                                                             \
			touch_a();                                                                                     \
		urcu_##f##_call_rcu(&later, callback_b);                                                               \
		f##_offline();                                                                                         \
		if (racy)                                                                                              \
			touch_a();                                                                                     \
		gate_open(&a_done);                                                                                    \
		gate_wait(&b_done, 1);                                                                                 \
		return unused;                                                                                         \
	}                                                                                                              \
	static void *f##_barrier_alone(void *unused)                                                                   \
	{                                                                                                              \
		f##_worker();                                                                                          \
		urcu_##f##_call_rcu(&later, callback_a);                                                               \
		f##_offline();                                                                                         \
		gate_wait(&a_done, 1);                                                                                 \
		f##_online();                                                                                          \
		if (racy)                                                                                              \
			touch_b();                                                                                     \
		urcu_##f##_barrier();                                                                                  \
		if (!racy)                                                                                             \
			touch_b();                                                                                     \
		return unused;                                                                                         \
	}                                                                                                              \
	/* Side B runs what side A has put off. */                                                                     \
	static void *f##_defer_a(void *unused)                                                                         \
	{                                                                                                              \
		urcu_##f##_register_thread();                                                                          \
		MUST(urcu_##f##_defer_register_thread());                                                              \
		gate_open(&a_ready);                                                                                   \
		gate_wait(&b_ready, 1);                                                                                \
		if (!racy)                                                                                             \
			touch_a();                                                                                     \
		urcu_##f##_defer_rcu(deferred_b, NULL);                                                                \
		f##_offline();                                                                                         \
		if (racy)                                                                                              \
			touch_a();                                                                                     \
		gate_open(&a_done);                                                                                    \
		gate_wait(&b_done, 1);                                                                                 \
		f##_online();                                                                                          \
		urcu_##f##_defer_unregister_thread();                                                                  \
		f##_unregister();                                                                                      \
		return unused;                                                                                         \
	}                                                                                                              \
	static void *f##_defer_b(void *unused)                                                                         \
	{                                                                                                              \
		gate_wait(&a_ready, 1);                                                                                \
		gate_open(&b_ready);                                                                                   \
		gate_wait(&a_done, 1);                                                                                 \
		urcu_##f##_defer_barrier();                                                                            \
		return unused;                                                                                         \
	}

#define NO_OFFLINE(f)                                                                                                  \
	static void f##_offline(void)                                                                                  \
	{                                                                                                              \
	}                                                                                                              \
	static void f##_online(void)                                                                                   \
	{                                                                                                              \
	}
#define UNREGISTER(f)                                                                                                  \
	static void f##_unregister(void)                                                                               \
	{                                                                                                              \
		urcu_##f##_unregister_thread();                                                                        \
	}
#define FLAVOUR_TWINS(f) NO_OFFLINE(f) SYNCHRONIZE_TWINS(f) SECTION_TWINS(f) CALLBACK_TWINS(f)
#define FLAVOUR_LIST(f)                                                                                                \
	SIDES(f##_synchronize), SIDES(f##_section), ALONE(f##_call_rcu), ALONE(f##_barrier), SIDES(f##_defer)

UNREGISTER(memb)
UNREGISTER(mb)
UNREGISTER(signal)
UNREGISTER(qsbr)
static void bp_unregister(void) /* by itself, when the thread ends */
{
}
FLAVOUR_TWINS(memb)
FLAVOUR_TWINS(mb)
FLAVOUR_TWINS(bp)
FLAVOUR_TWINS(signal)

/* ---- qsbr: readers say when they are none --------------------------------------------------------------------------- */

static void qsbr_offline(void)
{
	urcu_qsbr_thread_offline();
}
static void qsbr_online(void)
{
	urcu_qsbr_thread_online();
}
CALLBACK_TWINS(qsbr)

/* The racy twin's side B is too early: side A cannot but go on being quiescent. */
#define QSBR_READER(name, meanwhile)                                                                                   \
	static void *name##_a(void *unused)                                                                            \
	{                                                                                                              \
		urcu_qsbr_register_thread();                                                                           \
		touch_a();                                                                                             \
		meanwhile;                                                                                             \
		gate_open(&a_done);                                                                                    \
		while (!__atomic_load_n(&b_done.count, __ATOMIC_ACQUIRE)) {                                            \
			meanwhile;                                                                                     \
		}                                                                                                      \
		urcu_qsbr_unregister_thread();                                                                         \
		return unused;                                                                                         \
	}                                                                                                              \
	static void *name##_b(void *unused)                                                                            \
	{                                                                                                              \
		gate_wait(&a_done, 1);                                                                                 \
		if (racy)                                                                                              \
			touch_b();                                                                                     \
		urcu_qsbr_synchronize_rcu();                                                                           \
		if (!racy)                                                                                             \
			touch_b();                                                                                     \
		gate_open(&b_done);                                                                                    \
		return unused;                                                                                         \
	}

QSBR_READER(qsbr_quiescent, urcu_qsbr_quiescent_state())
QSBR_READER(qsbr_offline_reader, urcu_qsbr_thread_offline())
#define qsbr_goes_offline_a qsbr_offline_reader_a
#define qsbr_goes_offline_b qsbr_offline_reader_b

/* Side B is registered, and waits as `meanwhile` says; side A's grace period ends before it goes on. */
#define QSBR_LATER(name, before, meanwhile, after)                                                                     \
	static void *name##_a(void *unused)                                                                            \
	{                                                                                                              \
		gate_wait(&b_ready, 1);                                                                                \
		if (!racy)                                                                                             \
			touch_a();                                                                                     \
		urcu_qsbr_synchronize_rcu();                                                                           \
		if (racy)                                                                                              \
			touch_a();                                                                                     \
		gate_open(&a_done);                                                                                    \
		return unused;                                                                                         \
	}                                                                                                              \
	static void *name##_b(void *unused)                                                                            \
	{                                                                                                              \
		urcu_qsbr_register_thread();                                                                           \
		before;                                                                                                \
		gate_open(&b_ready);                                                                                   \
		while (!__atomic_load_n(&a_done.count, __ATOMIC_ACQUIRE)) {                                            \
			meanwhile;                                                                                     \
		}                                                                                                      \
		after;                                                                                                 \
		touch_b();                                                                                             \
		urcu_qsbr_unregister_thread();                                                                         \
		return unused;                                                                                         \
	}

QSBR_LATER(qsbr_quiescent_later, (void)0, urcu_qsbr_quiescent_state(), urcu_qsbr_quiescent_state())
QSBR_LATER(qsbr_online_later, urcu_qsbr_thread_offline(), (void)0, urcu_qsbr_thread_online())

/* ---- pointers ---------------------------------------------------------------------------------------------------------- */

static struct object {
	long content[4];
} first, second;
static void *pointer = &first;

extern void *rcu_dereference_sym(void *p);

#define POINTER_TWINS(prefix, f)                                                                                       \
	HANDOVER(prefix##_set, f##_set_pointer_sym(&pointer, &second), f##_dereference_sym(pointer))                   \
	HANDOVER(prefix##_xchg, f##_xchg_pointer_sym(&pointer, &second), f##_dereference_sym(pointer))                 \
	HANDOVER(prefix##_cmpxchg, f##_cmpxchg_pointer_sym(&pointer, &first, &second), f##_dereference_sym(pointer))   \
	HANDOVER(prefix##_taken_by_xchg, f##_set_pointer_sym(&pointer, &second), f##_xchg_pointer_sym(&pointer, NULL)) \
	HANDOVER(prefix##_taken_by_cmpxchg, f##_set_pointer_sym(&pointer, &second),                                    \
		 f##_cmpxchg_pointer_sym(&pointer, &second, NULL))
#define POINTER_LIST(prefix)                                                                                           \
	SIDES(prefix##_set), SIDES(prefix##_xchg), SIDES(prefix##_cmpxchg), SIDES(prefix##_taken_by_xchg),             \
		SIDES(prefix##_taken_by_cmpxchg)

POINTER_TWINS(pointer, rcu)
POINTER_TWINS(bp_pointer, urcu_bp)

/* ---- queues and stacks ---------------------------------------------------------------------------------------------------- */

static struct cds_wfcq_head wfcq, wfcq_other;
static struct cds_wfcq_tail wfcq_tail, wfcq_other_tail;
static struct cds_wfcq_node wfcq_nodes[2];
static struct cds_wfq_queue wfq;
static struct cds_wfq_node wfq_node;
static struct cds_wfs_stack wfs;
static struct cds_wfs_node wfs_node;
static struct cds_lfs_stack lfs;
static struct cds_lfs_node lfs_node;
static struct cds_lfs_stack_rcu lfs_rcu;
static struct cds_lfs_node_rcu lfs_rcu_node;
static struct cds_lfq_queue_rcu lfq;
static struct cds_lfq_node_rcu lfq_node;

static void containers_init(void)
{
	cds_wfcq_init(&wfcq, &wfcq_tail);
	cds_wfcq_init(&wfcq_other, &wfcq_other_tail);
	for (int i = 0; i < 2; i++)
		cds_wfcq_node_init(&wfcq_nodes[i]);
	cds_wfq_init(&wfq);
	cds_wfq_node_init(&wfq_node);
	cds_wfs_init(&wfs);
	cds_wfs_node_init(&wfs_node);
	cds_lfs_init(&lfs);
	cds_lfs_node_init(&lfs_node);
	cds_lfs_init_rcu(&lfs_rcu);
	cds_lfs_node_init_rcu(&lfs_rcu_node);
	cds_lfq_init_rcu(&lfq, urcu_memb_call_rcu);
	cds_lfq_node_init_rcu(&lfq_node);
}

static void must_get(const void *got, const void *wanted)
{
	if (got != wanted)
		abort();
}

#define ENQUEUE(i) cds_wfcq_enqueue(&wfcq, &wfcq_tail, &wfcq_nodes[i])
#define WFCQ_TWINS(name, call) HANDOVER(name, ENQUEUE(0), must_get(call, &wfcq_nodes[0]))
static int state;

WFCQ_TWINS(wfcq_dequeue, cds_wfcq_dequeue_blocking(&wfcq, &wfcq_tail))
WFCQ_TWINS(wfcq_dequeue_state, cds_wfcq_dequeue_with_state_blocking(&wfcq, &wfcq_tail, &state))
WFCQ_TWINS(wfcq_dequeue_alone, __cds_wfcq_dequeue_blocking(&wfcq, &wfcq_tail))
WFCQ_TWINS(wfcq_dequeue_alone_state, __cds_wfcq_dequeue_with_state_blocking(&wfcq, &wfcq_tail, &state))
WFCQ_TWINS(wfcq_dequeue_nonblocking, __cds_wfcq_dequeue_nonblocking(&wfcq, &wfcq_tail))
WFCQ_TWINS(wfcq_dequeue_nonblocking_state, __cds_wfcq_dequeue_with_state_nonblocking(&wfcq, &wfcq_tail, &state))
WFCQ_TWINS(wfcq_first, __cds_wfcq_first_blocking(&wfcq, &wfcq_tail))
WFCQ_TWINS(wfcq_first_nonblocking, __cds_wfcq_first_nonblocking(&wfcq, &wfcq_tail))

/* Node 0 is there from the start: see main. */
HANDOVER(wfcq_next, ENQUEUE(1), must_get(__cds_wfcq_next_blocking(&wfcq, &wfcq_tail, &wfcq_nodes[0]), &wfcq_nodes[1]))
HANDOVER(wfcq_next_nonblocking, ENQUEUE(1),
	 must_get(__cds_wfcq_next_nonblocking(&wfcq, &wfcq_tail, &wfcq_nodes[0]), &wfcq_nodes[1]))

static void splice_and_take(void)
{
	cds_wfcq_splice_blocking(&wfcq_other, &wfcq_other_tail, &wfcq, &wfcq_tail);
	must_get(__cds_wfcq_dequeue_blocking(&wfcq_other, &wfcq_other_tail), &wfcq_nodes[0]);
}
HANDOVER(wfcq_spliced, ENQUEUE(0), splice_and_take())

#define WFQ_TWINS(name, call) HANDOVER(name, cds_wfq_enqueue(&wfq, &wfq_node), must_get(call, &wfq_node))
WFQ_TWINS(wfq, cds_wfq_dequeue_blocking(&wfq))
WFQ_TWINS(wfq_alone, __cds_wfq_dequeue_blocking(&wfq))

#define WFS_TWINS(name, call) HANDOVER(name, cds_wfs_push(&wfs, &wfs_node), must_get(call, &wfs_node))
WFS_TWINS(wfs_pop, cds_wfs_pop_blocking(&wfs))
WFS_TWINS(wfs_pop_state, cds_wfs_pop_with_state_blocking(&wfs, &state))
WFS_TWINS(wfs_pop_all, cds_wfs_pop_all_blocking(&wfs))
WFS_TWINS(wfs_pop_alone, __cds_wfs_pop_blocking(&wfs))
WFS_TWINS(wfs_pop_alone_state, __cds_wfs_pop_with_state_blocking(&wfs, &state))
WFS_TWINS(wfs_pop_nonblocking, __cds_wfs_pop_nonblocking(&wfs))
WFS_TWINS(wfs_pop_nonblocking_state, __cds_wfs_pop_with_state_nonblocking(&wfs, &state))
WFS_TWINS(wfs_pop_all_alone, __cds_wfs_pop_all(&wfs))

#define LFS_TWINS(name, call) HANDOVER(name, cds_lfs_push(&lfs, &lfs_node), must_get(call, &lfs_node))
LFS_TWINS(lfs_pop, cds_lfs_pop_blocking(&lfs))
LFS_TWINS(lfs_pop_all, cds_lfs_pop_all_blocking(&lfs))
LFS_TWINS(lfs_pop_alone, __cds_lfs_pop(&lfs))
LFS_TWINS(lfs_pop_all_alone, __cds_lfs_pop_all(&lfs))
HANDOVER(lfs_rcu, cds_lfs_push_rcu(&lfs_rcu, &lfs_rcu_node), must_get(cds_lfs_pop_rcu(&lfs_rcu), &lfs_rcu_node))

/* Without read sections: nothing is freed here. */
HANDOVER(lfq, cds_lfq_enqueue_rcu(&lfq, &lfq_node), must_get(cds_lfq_dequeue_rcu(&lfq), &lfq_node))

/* ---- the hash table ---------------------------------------------------------------------------------------------------------- */

static struct cds_lfht *table;
static struct cds_lfht_node nodes[2];
static struct cds_lfht_iter found;

static int same_key(struct cds_lfht_node *node, const void *key)
{
	return node == key;
}

static void *look_up(void *node)
{
	cds_lfht_lookup(table, 1, same_key, node, &found);
	return cds_lfht_iter_get_node(&found);
}

static void *walk_first(void)
{
	cds_lfht_first(table, &found);
	return cds_lfht_iter_get_node(&found);
}

static void *walk_next(void)
{
	found.node = &nodes[0];
	found.next = nodes[0].next;
	cds_lfht_next(table, &found);
	return cds_lfht_iter_get_node(&found);
}

static int any_key(struct cds_lfht_node *node, const void *key)
{
	(void)node;
	(void)key;
	return 1;
}

static void *next_duplicate(void)
{
	found.node = &nodes[0];
	found.next = nodes[0].next;
	cds_lfht_next_duplicate(table, any_key, NULL, &found);
	return cds_lfht_iter_get_node(&found);
}

/* Node 0 is there from the start. */
static void replace_first(void)
{
	struct cds_lfht_iter old = { .node = &nodes[0], .next = nodes[0].next };

	if (cds_lfht_replace(table, &old, 1, any_key, &nodes[0], &nodes[1]))
		abort();
}

#define ADD(i) cds_lfht_add(table, 1, &nodes[i])
HANDOVER(lfht_lookup, ADD(1), must_get(look_up(&nodes[1]), &nodes[1]))
HANDOVER(lfht_first, ADD(1), must_get(walk_first(), &nodes[1]))
HANDOVER(lfht_next, ADD(1), must_get(walk_next(), &nodes[1]))
HANDOVER(lfht_next_duplicate, ADD(1), must_get(next_duplicate(), &nodes[1]))
HANDOVER(lfht_added_unique, cds_lfht_add_unique(table, 1, same_key, &nodes[1], &nodes[1]),
	 must_get(look_up(&nodes[1]), &nodes[1]))
HANDOVER(lfht_add_unique_finds, ADD(1), must_get(cds_lfht_add_unique(table, 1, same_key, &nodes[1], &nodes[0]), &nodes[1]))
HANDOVER(lfht_added_replace, cds_lfht_add_replace(table, 1, same_key, &nodes[1], &nodes[1]),
	 must_get(look_up(&nodes[1]), &nodes[1]))
HANDOVER(lfht_add_replace_finds, ADD(1), must_get(cds_lfht_add_replace(table, 1, same_key, &nodes[1], &nodes[0]), &nodes[1]))
HANDOVER(lfht_replaced, replace_first(), must_get(look_up(&nodes[1]), &nodes[1]))

static const struct scenario scenarios[] = {
	FLAVOUR_LIST(memb), FLAVOUR_LIST(mb), FLAVOUR_LIST(bp), FLAVOUR_LIST(signal), ALONE(qsbr_call_rcu),
	ALONE(qsbr_barrier), SIDES(qsbr_defer), SIDES(qsbr_quiescent), SIDES(qsbr_goes_offline),
	SIDES(qsbr_quiescent_later), SIDES(qsbr_online_later), POINTER_LIST(pointer), POINTER_LIST(bp_pointer),
	SIDES(wfcq_dequeue), SIDES(wfcq_dequeue_state), SIDES(wfcq_dequeue_alone), SIDES(wfcq_dequeue_alone_state),
	SIDES(wfcq_dequeue_nonblocking), SIDES(wfcq_dequeue_nonblocking_state), SIDES(wfcq_first),
	SIDES(wfcq_first_nonblocking), SIDES(wfcq_next), SIDES(wfcq_next_nonblocking), SIDES(wfcq_spliced), SIDES(wfq),
	SIDES(wfq_alone), SIDES(wfs_pop), SIDES(wfs_pop_state), SIDES(wfs_pop_all), SIDES(wfs_pop_alone),
	SIDES(wfs_pop_alone_state), SIDES(wfs_pop_nonblocking), SIDES(wfs_pop_nonblocking_state),
	SIDES(wfs_pop_all_alone), SIDES(lfs_pop), SIDES(lfs_pop_all), SIDES(lfs_pop_alone), SIDES(lfs_pop_all_alone),
	SIDES(lfs_rcu), SIDES(lfq), SIDES(lfht_lookup), SIDES(lfht_first), SIDES(lfht_next), SIDES(lfht_next_duplicate),
	SIDES(lfht_added_unique), SIDES(lfht_add_unique_finds), SIDES(lfht_added_replace),
	SIDES(lfht_add_replace_finds), SIDES(lfht_replaced),
};

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	containers_init();
	if (!strncmp(name, "wfcq_next", 9))
		ENQUEUE(0);
	if (!strncmp(name, "lfht_", 5)) {
		urcu_memb_register_thread();
		table = cds_lfht_new_flavor(1, 1, 1, 0, &urcu_memb_flavor, NULL);
		for (int i = 0; i < 2; i++)
			cds_lfht_node_init(&nodes[i]);
		if (!strncmp(name, "lfht_next", 9) || !strcmp(name, "lfht_replaced"))
			ADD(0);
	}
	return twins_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
