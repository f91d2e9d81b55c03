/* SPDX-License-Identifier: MIT */
/*
 * glib_once.c - g_once and g_once_init_enter/leave.
 *
 * Both have a fast path that GLib's headers inline into the program: later users look at the control word and never
 * call. So what completes the initialisation releases into the control's clock for those who do call, and publishes it
 * (sync_publish_once) to be consulted at the moment a race would be reported. An ordinary release everywhere would
 * order all users and hide the races of first use.
 */
#include "glib_types.h"
#include "sync_rows.h"

static inline void once_complete(struct race_thread *t, const volatile void *control)
{
	sync_release_join(t, KEY(control));
	sync_publish_once(t, KEY(control));
}

/* ---- g_once_impl: the routine runs in here --------------------------------------------------------------------- */

struct gonce_call {
	void *(*routine)(void *);
	void *arg, *control;
};

static RUNS_CALLBACKS void *gonce_routine(void *record)
{
	struct gonce_call *call = record;
	void *result = call->routine(call->arg);

	SYNC_ENTER(once_complete(t, call->control));
	return result;
}

RACE_EXPORT void *g_once_impl(void *once, void *(*routine)(void *), void *arg);
HOOK_SLOT(g_once_impl)
void *g_once_impl(void *once, void *(*routine)(void *), void *arg)
{
	struct gonce_call call = { routine, arg, once };
	void *result = REAL(g_once_impl)(once, gonce_routine, &call);

	SYNC_ENTER(sync_acquire(t, KEY(once)));
	return result;
}

/* ---- g_once_init: the routine runs between enter (TRUE) and leave ---------------------------------------------- */

#include "glib_once.def"
