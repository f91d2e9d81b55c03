/* SPDX-License-Identifier: MIT */
/* BUILD: liburcu liburcu-mb liburcu-bp liburcu-signal liburcu-qsbr -Wno-deprecated-declarations */
/*
 * extra_urcu_twins.c - liburcu's barriers with its futexes out of sight, and what QSBR orders where no thread that is registered goes
 * offline, which would order, too.
 */
#include "after.h"
#include "unseen.h"

#include <urcu/urcu-bp.h>
#include <urcu/urcu-mb.h>
#include <urcu/urcu-memb.h>
#include <urcu/urcu-qsbr.h>
#include <urcu/urcu-signal.h>

#define DECLARE(f)                                                                                                   \
	void urcu_##f##_call_rcu(struct rcu_head *head, void (*callback)(struct rcu_head *));                        \
	struct call_rcu_data *urcu_##f##_create_call_rcu_data(unsigned long flags, int cpu);                         \
	void urcu_##f##_set_thread_call_rcu_data(struct call_rcu_data *data);                                        \
	void urcu_##f##_barrier(void);                                                                               \
	void urcu_##f##_defer_rcu(void (*callback)(void *), void *p);                                                \
	int urcu_##f##_defer_register_thread(void);                                                                  \
	void urcu_##f##_defer_unregister_thread(void);                                                               \
	void urcu_##f##_defer_barrier(void);
DECLARE(memb)
DECLARE(mb)
DECLARE(signal)
DECLARE(qsbr)

static struct rcu_head later;
static struct gate a_ready, b_done;
static pid_t b_tid;

static void callback_a(struct rcu_head *unused)
{
	touch_a();
	gate_open(&a_done);
}
static void callback_b(struct rcu_head *unused)
{
	gate_wait(&a_done, 1);
	touch_b();
	gate_open(&b_done);
}
static void deferred_b(void *unused)
{
	callback_b(NULL);
}

/* A real-time worker polls: nothing wakes it. The callback has been run before the barrier begins. */
#define BARRIER(f)                                                                                                   \
	static void *f##_barrier_alone(void *unused)                                                                 \
	{                                                                                                            \
		urcu_##f##_set_thread_call_rcu_data(urcu_##f##_create_call_rcu_data(URCU_CALL_RCU_RT, -1));          \
		urcu_##f##_call_rcu(&later, callback_a);                                                             \
		gate_wait(&a_done, 1);                                                                               \
		if (!racy)                                                                                           \
			urcu_##f##_barrier();                                                                        \
		touch_b();                                                                                           \
		return unused;                                                                                       \
	}
BARRIER(memb)
BARRIER(mb)
BARRIER(bp)
BARRIER(signal)
BARRIER(qsbr)

static void *qsbr_call_a(void *unused)
{
	urcu_qsbr_set_thread_call_rcu_data(urcu_qsbr_create_call_rcu_data(URCU_CALL_RCU_RT, -1));
	if (!racy)
		touch_a();
	urcu_qsbr_call_rcu(&later, callback_b);
	if (racy)
		touch_a();
	gate_open(&a_done);
	gate_wait(&b_done, 1);
	return unused;
}
static void *qsbr_call_b(void *unused)
{
	return unused;
}

static void *qsbr_defer_a(void *unused)
{
	MUST(urcu_qsbr_defer_register_thread());
	if (!racy)
		touch_a();
	urcu_qsbr_defer_rcu(deferred_b, NULL);
	if (racy)
		touch_a();
	gate_open(&a_done);
	gate_wait(&b_done, 1);
	urcu_qsbr_defer_unregister_thread();
	return unused;
}
static void *qsbr_defer_b(void *unused)
{
	gate_wait(&a_done, 1);
	urcu_qsbr_defer_barrier();
	return unused;
}

/* Side B waits for a grace period already when side A is quiescent for the first time. */
static void *qsbr_quiescent_a(void *unused)
{
	urcu_qsbr_register_thread();
	gate_open(&a_ready);
	gate_wait(&b_waits, 1);
	asleep(b_tid);
	urcu_qsbr_read_lock();
	if (!racy)
		touch_a();
	urcu_qsbr_read_unlock();
	urcu_qsbr_quiescent_state();
	if (racy)
		touch_a();
	gate_open(&a_done);
	gate_wait(&b_done, 1);
	urcu_qsbr_unregister_thread();
	return unused;
}
static void *qsbr_quiescent_b(void *unused)
{
	b_tid = (pid_t)syscall(SYS_gettid);
	gate_wait(&a_ready, 1);
	gate_open(&b_waits);
	urcu_qsbr_synchronize_rcu();
	gate_wait(&a_done, 1);
	touch_b();
	gate_open(&b_done);
	return unused;
}

static const struct scenario list[] = {
	ALONE(memb_barrier), ALONE(mb_barrier), ALONE(bp_barrier), ALONE(signal_barrier), ALONE(qsbr_barrier),
	SIDES(qsbr_call),
	SIDES(qsbr_defer), SIDES(qsbr_quiescent),
};

int main(int argc, char **argv)
{
	return twins_main(argc, argv, list, sizeof(list) / sizeof(list[0]));
}
