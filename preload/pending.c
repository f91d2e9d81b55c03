/* SPDX-License-Identifier: MIT */
/*
 * pending.c - a report that has begun is finished before the program dies of a signal.
 *
 * The race that is being reported is often about to crash another thread. While a report is on its way, the deadly signals
 * that still have their default action get a handler that waits for the report and then lets the signal do its work.
 *
 * Owns      `pending`, and the actions of SIGNALS between pending_begin and pending_end.
 * Invariant a handler that the program installs meanwhile stays; a handler of ours that outlives its time (the program saved
 *           and restored it) waits for nothing and gives way to the default action.
 * Must not  wait on the thread that makes the report: it is the one that crashed, the report will not come.
 */
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "helper_host.h"
#include "sys/atomic.h"
#include "sys/os.h"

#define WAIT_NS 5000000000ull

static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static uint32_t pending;  /* futex; set and cleared by the reporting thread, who holds the report lock */
static uint32_t reporter; /* its tid */
static uint32_t dying;    /* some thread crashed and waits: no other report may begin, it would be cut in the middle */
static uint8_t ours[SIGNALS];
static uint32_t depth;    /* begun so often; guarded by the report lock */

static void wait_for_report(void)
{
	uint64_t now = os_monotonic_ns(), end = now + WAIT_NS;

	store_relaxed(&dying, 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* partner: the one in pending_begin; one of the two sees the other */
	if (load_relaxed(&pending) && load_relaxed(&reporter) == (uint32_t)os_tid())
		return;
	/* partner: the release in pending_end */
	while (load_acquire(&pending) && now < end) {
		struct timespec left = { (time_t)((end - now) / 1000000000u), (long)((end - now) % 1000000000u) };

		os_syscall(SYS_futex, (long)&pending, FUTEX_WAIT_PRIVATE, 1, (long)&left, 0, 0);
		now = os_monotonic_ns();
	}
}

/* A fault comes again by itself when the handler returns; whatever was sent, or would go on behind its instruction, not. */
static int comes_again(int sig, const siginfo_t *info)
{
	return info->si_code > 0 && (sig == SIGSEGV || sig == SIGBUS || sig == SIGFPE || sig == SIGILL);
}

static void handler(int sig, siginfo_t *info, void *context)
{
	struct sigaction dfl;

	wait_for_report();
	memset(&dfl, 0, sizeof(dfl));
	dfl.sa_handler = SIG_DFL;
	sigaction(sig, &dfl, NULL);
	if (!comes_again(sig, info))
		os_syscall(SYS_tgkill, os_pid(), os_tid(), sig, 0, 0, 0); /* blocked until we return */
}

void pending_begin(void)
{
	if (depth++)
		return;
	store_relaxed(&reporter, (uint32_t)os_tid());
	store_release(&pending, 1); /* partner: wait_for_report */
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* partner: the one in wait_for_report */
	if (load_relaxed(&dying)) {
		store_release(&pending, 0); /* partner: wait_for_report */
		os_futex_wake(&pending, 1 << 30);
		os_sleep_ns(WAIT_NS); /* the process ends meanwhile; if the program survives its signal, reports go on */
		store_relaxed(&dying, 0);
		store_release(&pending, 1);
	}
	for (unsigned i = 0; i < SIGNALS; i++) {
		struct sigaction old, act;

		ours[i] = 0;
		if (sigaction(signals[i], NULL, &old) != 0 || (old.sa_flags & SA_SIGINFO) || old.sa_handler != SIG_DFL)
			continue;
		memset(&act, 0, sizeof(act));
		act.sa_sigaction = handler;
		act.sa_flags = SA_SIGINFO | SA_ONSTACK;
		ours[i] = sigaction(signals[i], &act, NULL) == 0;
	}
}

void pending_end(void)
{
	if (--depth)
		return;
	store_release(&pending, 0); /* partner: wait_for_report */
	os_futex_wake(&pending, 1 << 30);
	for (unsigned i = 0; i < SIGNALS; i++) {
		struct sigaction now, dfl;

		if (!ours[i])
			continue;
		if (sigaction(signals[i], NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) && now.sa_sigaction == handler) {
			memset(&dfl, 0, sizeof(dfl));
			dfl.sa_handler = SIG_DFL;
			sigaction(signals[i], &dfl, NULL);
		}
		ours[i] = 0;
	}
}

/* A child forked while another thread was reporting has no report to wait for, and no handler to keep. */
void pending_forked(void)
{
	store_relaxed(&dying, 0);
	if (load_relaxed(&pending)) {
		depth = 1;
		pending_end();
	}
}
