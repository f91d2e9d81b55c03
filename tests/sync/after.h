/* SPDX-License-Identifier: MIT */
/*
 * after.h - HANDOVER of twins.h with something that side A does first; locks that another thread gives than took; waiting until another
 * thread sleeps (asleep.h).
 */
#ifndef TESTS_AFTER_H
#define TESTS_AFTER_H

#include "asleep.h"

#include <fcntl.h>

static struct gate b_waits __attribute__((unused));

#define AFTER(name, first, give, take)                                                                               \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		first;                                                                                               \
		if (!racy)                                                                                           \
			touch_a();                                                                                   \
		give;                                                                                                \
		if (racy)                                                                                            \
			touch_a();                                                                                   \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&a_done, 1);                                                                               \
		take;                                                                                                \
		touch_b();                                                                                           \
		return unused;                                                                                       \
	}

/* Side B takes a lock that side A gives, and takes it again in another way. */
#define GIVEN(name, lock, unlock, again)                                                                             \
	static void *name##_a(void *unused)                                                                          \
	{                                                                                                            \
		gate_wait(&b_waits, 1);                                                                              \
		if (!racy)                                                                                           \
			touch_a();                                                                                   \
		unlock;                                                                                              \
		if (racy)                                                                                            \
			touch_a();                                                                                   \
		gate_open(&a_done);                                                                                  \
		return unused;                                                                                       \
	}                                                                                                            \
	static void *name##_b(void *unused)                                                                          \
	{                                                                                                            \
		lock;                                                                                                \
		gate_open(&b_waits);                                                                                 \
		gate_wait(&a_done, 1);                                                                               \
		again;                                                                                               \
		touch_b();                                                                                           \
		return unused;                                                                                       \
	}

#endif
