/* SPDX-License-Identifier: MIT */
/*
 * control.c - the control thread: how it begins and ends.
 *
 * Unseen    a bare clone: libc knows nothing of it, so that the last pthread_exit still ends the process, libc's single-threaded
 *           paths stay, and no table of ours has it. It blocks every signal, so that none of the program's is delivered
 *           to it. It has a thread block of its own, in which hooks are transparent. It shares neither descriptors nor
 *           the working directory with the program: closefrom(), a full table, chdir() and umask() on either side mean nothing to the
 *           other. What the program can still see: one more entry in /proc/self/task.
 * Alone     libc changes ids on the threads that it knows; this one would keep the old ones. So it ends before a change of ids,
 *           namespaces or root and begins anew after it, as a child of the thread that made the change. Before a sandbox it ends for good.
 * Woken     by a signal sent to it alone, which it reads from a descriptor.
 * Fork      the child has no such thread; it gets one of its own, which waits for a moment before it makes a socket: most children
 *           become another program at once.
 * Must not  write to the program's descriptors (it has none of them), fault, or hold a lock while it waits for a client.
 */
#include "control.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "emit.h"
#include "host.h"
#include "options.h"
#include "sys/lock.h"
#include "sys/os.h"

#define STACK_BYTES (256ul << 10)
#define BLOCK_BELOW (64ul << 10) /* of the thread block, beyond what we know to be used */
#define BLOCK_ABOVE (16ul << 10) /* libc's own record of a thread lies there */
#define CHILD_DELAY_NS 30000000
#define STOP_WAIT_NS 2000000000ull
#define STOP_WAIT_NESTED_NS 100000000ull
#define SIGNAL_BYTES 8
#define WAKE_SIGNAL SIGURG

struct control_state race_control;

enum { NOT_READY, CLOSED /* no descriptor of the program is open any more */, READY, FAILED };

static uint32_t enabled;     /* control=1, and nothing has ended it for good */
static struct lock life;     /* guards what follows; a leaf, but bounded: a handler may come over it */
static uint32_t paused;
static uint32_t tid;         /* 0: there is no thread. The kernel clears it at the thread's end, and wakes */
static uint32_t ready;       /* futex, the thread's own */
static uint64_t delay_ns;
static char *memory;         /* stack and thread block, kept for the next one */
static size_t memory_bytes, block_at;

#if defined(__x86_64__)

/* ---- the thread ------------------------------------------------------------------------------------------------------- */

static void close_all(void)
{
	struct rlimit limit = { 0, 0 };

	if (os_syscall(SYS_close_range, 0, ~0u, 0, 0, 0, 0) == 0)
		return;
	os_syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)&limit, 0, 0);
	for (unsigned fd = 0; fd < limit.rlim_cur && fd < 65536; fd++)
		os_close((int)fd);
}

static void ready_is(uint32_t how)
{
	store_release(&ready, how); /* partner: wait_ready */
	os_futex_wake(&ready, 1);
}

static int wait_a_moment(int wake)
{
	struct pollfd one = { wake, POLLIN, 0 };
	struct timespec left = { 0, (long)delay_ns };

	return delay_ns && os_syscall(SYS_ppoll, (long)&one, 1, (long)&left, 0, 0, 0) != 0;
}

static int run(void *unused)
{
	uint64_t signals = 1ull << (WAKE_SIGNAL - 1);
	int listener = -1;
	long wake;

	(void)unused;
	thread_hide();
	close_all();
	os_syscall(SYS_umask, 077, 0, 0, 0, 0, 0);
	os_syscall(SYS_prctl, PR_SET_NAME, (long)"race-control", 0, 0, 0, 0);
	wake = os_syscall(SYS_signalfd4, -1, (long)&signals, SIGNAL_BYTES, SFD_CLOEXEC | SFD_NONBLOCK, 0, 0);
	ready_is(CLOSED);
	if (wake >= 0 && !wait_a_moment((int)wake))
		listener = control_listen();
	ready_is(listener >= 0 ? READY : FAILED);
	if (listener >= 0) {
		control_serve(listener, (int)wake);
		control_unlisten(listener);
	}
	return 0;
}

/* ---- its memory --------------------------------------------------------------------------------------------------------- */

static int prepare_memory(void)
{
	uintptr_t own = (uintptr_t)pthread_self(), low = (uintptr_t)&race_me;
	char *block;

	if ((uintptr_t)&errno < low)
		low = (uintptr_t)&errno;
	if (!memory) {
		block_at = (STACK_BYTES + (own - low) + BLOCK_BELOW + 4095) & ~4095ul;
		memory_bytes = block_at + BLOCK_ABOVE;
		memory = os_map(memory_bytes);
		if (!memory)
			return 0;
	} else {
		memset(memory + STACK_BYTES, 0, memory_bytes - STACK_BYTES);
	}
	block = memory + block_at;
	/* The block's own address, twice, and the two words that libc mixes into stacks and pointers. */
	memcpy(block, &block, sizeof(block));
	memcpy(block + 16, &block, sizeof(block));
	memcpy(block + 0x28, (const char *)own + 0x28, 16);
	return 1;
}

static void spawn(uint64_t delay)
{
	const int flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	uint64_t all = ~(uint64_t)0, before = 0;
	int saved = errno, child;

	if (load_relaxed(&tid) || !prepare_memory()) {
		race_control.trouble = "no memory";
		return;
	}
	delay_ns = delay;
	store_relaxed(&ready, NOT_READY);
	store_relaxed(&race_control.stop, 0);
	race_control.trouble = NULL;
	os_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, SIGNAL_BYTES, 0, 0);
	child = clone(run, memory + STACK_BYTES, flags, NULL, &tid, memory + block_at, &tid);
	os_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, SIGNAL_BYTES, 0, 0);
	errno = saved;
	if (child < 0) {
		store_relaxed(&tid, 0);
		race_control.trouble = "no thread can be made";
		return;
	}
	while (load_acquire(&ready) == NOT_READY) /* partner: ready_is. Until then it holds copies of the program's descriptors */
		os_futex_wait(&ready, NOT_READY);
	while (!delay && load_acquire(&ready) == CLOSED) /* partner: ready_is */
		os_futex_wait(&ready, CLOSED);
}

/* The thread is gone when this returns 1. A handler of the program may have come over librace's own locks: then the thread may be waiting
 * for one of them, and is not waited for long. */
static int stop_thread(void)
{
	uint64_t now = os_monotonic_ns();
	uint64_t end = now + (race_me && race_me->busy ? STOP_WAIT_NESTED_NS : STOP_WAIT_NS);
	uint32_t which = load_relaxed(&tid);

	store_relaxed(&race_control.stop, 1);
	if (which)
		os_syscall(SYS_tgkill, os_pid(), which, WAKE_SIGNAL, 0, 0, 0);
	while (load_acquire(&tid) && now < end) { /* partner: the kernel */
		struct timespec left = { (time_t)((end - now) / 1000000000u), (long)((end - now) % 1000000000u) };

		/* Not private: the kernel wakes it so. */
		os_syscall(SYS_futex, (long)&tid, FUTEX_WAIT, which, (long)&left, 0, 0);
		now = os_monotonic_ns();
	}
	if (load_relaxed(&tid))
		return 0;
	/* Cleared when the thread ran its last instruction; the kernel counts it for a moment longer. */
	while (which && os_syscall(SYS_tgkill, os_pid(), which, 0, 0, 0, 0) == 0 && os_monotonic_ns() < end)
		os_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	return 1;
}

#else

static void spawn(uint64_t delay)
{
	(void)delay;
	race_control.trouble = "only x86-64 has it";
}

static int stop_thread(void)
{
	return 1;
}

#endif

/* ---- life ------------------------------------------------------------------------------------------------------------- */

static int life_take(void)
{
	for (int i = 0; i < 200; i++) {
		if (lock_try(&life))
			return 1;
		os_sleep_ns(1000000);
	}
	store_relaxed(&enabled, 0); /* a handler over our own code: rather none than one with the ids of before */
	store_relaxed(&race_control.stop, 1);
	return 0;
}

static int is_here(void)
{
	return load_relaxed(&enabled) && os_pid() == race_process; /* a vfork child is not */
}

void control_start(const char *runtime_dir, int secure)
{
	size_t n = runtime_dir ? strlen(runtime_dir) : 0;

	enabled = race_options.control && !secure;
	if (n && runtime_dir[0] == '/' && n < sizeof(race_control.runtime_dir))
		memcpy(race_control.runtime_dir, runtime_dir, n + 1);
}

static void complain(const char *why)
{
	char line[400];
	struct buf b = buf_on(line, sizeof(line));

	buf_fmt(&b, "librace: RACE_OPTIONS: control=1: no socket: %s", why);
	emit_line(line);
}

void control_begin(void)
{
	if (!is_here() || !life_take())
		return;
	spawn(0);
	lock_drop(&life);
	if (race_control.trouble)
		complain(race_control.trouble);
}

void control_forked(void)
{
	lock_reset(&life);
	store_relaxed(&tid, 0);
	paused = 0;
	memset(&race_control.counts, 0, sizeof(race_control.counts));
	race_control.path[0] = 0;
	if (enabled)
		spawn(CHILD_DELAY_NS);
}

int control_pause(void)
{
	if (!is_here() || !life_take())
		return 0;
	if (!paused++ && !stop_thread())
		store_relaxed(&enabled, 0);
	lock_drop(&life);
	return 1;
}

void control_resume(void)
{
	if (!life_take())
		return;
	if (!--paused && load_relaxed(&enabled))
		spawn(CHILD_DELAY_NS);
	lock_drop(&life);
}

void control_end(void)
{
	if (!is_here() || !life_take())
		return;
	store_relaxed(&enabled, 0);
	stop_thread();
	lock_drop(&life);
}

void control_exit(void)
{
	if (!is_here() || !life_take())
		return;
	store_relaxed(&enabled, 0);
	if (!stop_thread() && race_control.path[0])
		os_syscall(SYS_unlinkat, -100 /* by its whole path */, (long)race_control.path, 0, 0, 0, 0);
	lock_drop(&life);
}

void control_count(struct control_counts *out)
{
	*out = race_control.counts;
}
