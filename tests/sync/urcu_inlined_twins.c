/* SPDX-License-Identifier: MIT */
/* BUILD: liburcu liburcu-qsbr */
/*
 * urcu_inlined_twins.c - read sections that are compiled into the program: nobody sees them begin or end, so the end of a grace period
 * comes after everything.
 */
#define _LGPL_SOURCE
#include <urcu/urcu-memb.h>
#include <urcu/urcu-qsbr.h>

#include "twins.h"

static struct gate b_done;

/* The racy twin's side B does not wait for the readers. */
#define INLINED_TWINS(f, lock, unlock, leave)                                                                          \
	static void *f##_a(void *unused)                                                                               \
	{                                                                                                              \
		urcu_##f##_register_thread();                                                                          \
		lock;                                                                                                  \
		touch_a();                                                                                             \
		unlock;                                                                                                \
		gate_open(&a_done);                                                                                    \
		gate_wait(&b_done, 1);                                                                                 \
		leave;                                                                                                 \
		return unused;                                                                                         \
	}                                                                                                              \
	static void *f##_b(void *unused)                                                                               \
	{                                                                                                              \
		gate_wait(&a_done, 1);                                                                                 \
		if (racy)                                                                                              \
			touch_b();                                                                                     \
		urcu_##f##_synchronize_rcu();                                                                          \
		if (!racy)                                                                                             \
			touch_b();                                                                                     \
		gate_open(&b_done);                                                                                    \
		return unused;                                                                                         \
	}

INLINED_TWINS(memb, urcu_memb_read_lock(), urcu_memb_read_unlock(), urcu_memb_unregister_thread())
INLINED_TWINS(qsbr, (void)0, urcu_qsbr_thread_offline(), urcu_qsbr_unregister_thread())

static const struct scenario scenarios[] = { SIDES(memb), SIDES(qsbr) };

int main(int argc, char **argv)
{
	return twins_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
