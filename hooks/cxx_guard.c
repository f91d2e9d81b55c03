/* SPDX-License-Identifier: MIT */
/*
 * cxx_guard.c - initialisation of function-local statics (Itanium C++ ABI, section 3.3.3).
 *
 * The compiled code looks at the guard variable itself and calls __cxa_guard_acquire only while it is not set: later users
 * are ordered after the initialisation by an inlined load. So the release is also published for look-up at the moment a
 * race would be reported (sync_publish_once).
 */
#include "sync_rows.h"

static inline void guard_released(struct race_thread *t, const void *g)
{
	sync_release_join(t, KEY(g));
	sync_publish_once(t, KEY(g));
}

int __cxa_guard_acquire(void *g);
void __cxa_guard_release(void *g);

SYNC_HOOK(int, __cxa_guard_acquire, (void *g), (g), NOTHING, ALWAYS, sync_acquire(t, KEY(g)))
SYNC_HOOK_VOID(__cxa_guard_release, (void *g), (g), guard_released(t, g), NOTHING)
