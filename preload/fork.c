/* SPDX-License-Identifier: MIT */
/*
 * fork.c - a forked child goes on as a process of its own: one thread, no findings, its own log.
 *
 * Our atfork handlers are registered first, so that prepare runs after the program's and the child's part before them.
 *
 * Lock order, outermost first; fork takes them all in this order:
 *   1. finding lock      preload/finding.c   one report at a time
 *   2. thread list lock  preload/thread.c
 *   3. engine locks      preload/engine      in the order of engine_lock_all
 *   4. trace locks       preload/trace_words.c, then trace_file.c: leaves
 */
#include <pthread.h>

#include "control.h"
#include "core.h"
#include "emit.h"
#include "exit.h"
#include "fork.h"
#include "host.h"
#include "metrics.h"
#include "patch/patch.h"
#include "sys/os.h"
#include "trace.h"
#include "unwind/unwind.h"

/* Written and read by the forking thread only. GUARDED: we hold the guard and the locks. NESTED: a signal handler forks on
 * top of librace's own code, which may hold any of the locks: they are left alone, the child resets them. */
static __thread enum { FORK_LOCKED, FORK_GUARDED, FORK_NESTED } fork_state;

void fork_prepare(void)
{
	struct race_thread *t = thread_enter(); /* no hook of ours may run on this thread until the fork is over */

	fork_state = t ? FORK_GUARDED : race_me ? FORK_NESTED : FORK_LOCKED;
	if (fork_state == FORK_NESTED)
		return;
	patch_fork_lock();
	finding_lock();
	host_lock_all();
	engine_lock_all();
	trace_fork_lock();
}

void fork_parent(void)
{
	if (fork_state == FORK_NESTED)
		return;
	trace_fork_unlock();
	engine_unlock_all();
	host_unlock_all();
	finding_unlock();
	patch_fork_unlock();
	if (fork_state == FORK_GUARDED)
		thread_leave(race_me);
}

void fork_child(void)
{
	race_process = os_pid();
	engine_forked(race_me);
	trace_forked();
	host_forked(race_me);
	unwind_forked();
	finding_forked();
	helper_forked();
	patch_forked();
	emit_forked();
	metrics_start();
	control_forked();
	if (fork_state == FORK_GUARDED)
		thread_leave(race_me);
}

void fork_handlers_install(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}
