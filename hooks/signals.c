/* SPDX-License-Identifier: MIT */
/*
 * signals.c - who sends a signal is ordered before who takes it by a call. The rows are signals.def.
 *
 * Objects   one for each number sent to the process, one for each number and thread sent to a thread, and for both one more for all
 *           numbers: what sigsuspend, pause and a signalfd take, which do not tell the number, or not here.
 * Timers    and the kernel's other senders of signals (message queues, aio) were asked to by calls that release into the object of
 *           libc's threads: who takes any signal takes that, too.
 * Handlers  are not ordered: they run on a thread that did not ask.
 */
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#define HOOK_POLICY PATCH_NEVER
#include "../preload/host.h"
#include "kernel_object.h"
#include "libc_threads.h"
#include "signals.h"

static uintptr_t thread_signal_key(uint32_t thread, int number)
{
	return object_key(OBJECT_SIGNAL, ((uint64_t)thread + 1) << 8 | (uint64_t)(number & 0xff));
}

uintptr_t signal_key(int number)
{
	return object_key(OBJECT_SIGNAL, (uint64_t)(number & 0xff));
}

void signal_taken(struct race_thread *t, int number)
{
	object_take(t, signal_key(number));
	object_take(t, thread_signal_key(t->number, number));
	object_take(t, LIBC_THREAD_REQUESTS);
}

static void signal_sent(struct race_thread *t, int number)
{
	if (number <= 0) /* asks only whether there is somebody */
		return;
	object_give(t, signal_key(number));
	object_give(t, signal_key(SIGNAL_ANY));
}

/* A thread whose number is not known may be any. */
static void signal_sent_to(struct race_thread *t, pthread_t to, int number)
{
	uint32_t thread = thread_number_of_handle(to);
	int known = thread != RACE_NO_SLOT;

	if (number <= 0)
		return;
	object_give(t, known ? thread_signal_key(thread, number) : signal_key(number));
	object_give(t, known ? thread_signal_key(thread, SIGNAL_ANY) : signal_key(SIGNAL_ANY));
}

static int timer_signal(int which)
{
	return which == ITIMER_REAL ? SIGALRM : which == ITIMER_VIRTUAL ? SIGVTALRM : SIGPROF;
}

#include "signals.def"
