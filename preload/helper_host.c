/* SPDX-License-Identifier: MIT */
/*
 * helper_host.c - the host's end of the helper: finding it, starting it unseen, sending it records.
 *
 * The helper is the `race` command. It must be no child that the program can see: a program that waits for any child would
 * get ours, and a SIGCHLD is an event. So between the two stands a middle process, made by clone() with no exit signal: no
 * plain wait finds it, nothing announces its end. It never execs (an exec would give it SIGCHLD back), makes the helper,
 * reaps it, and ends after it. It drops all memory but this module's own image, so that the program does not pay for copies
 * of the pages that it writes later.
 *
 * Owns      the socket and the pid of the middle process; all under the report lock.
 * Invariant a record whose text may have been written by the helper is never rendered again; one whose helper died before
 *           it said WRITING is.
 * Must not  start anything once the process is sandboxed: a filter may kill for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emit.h"
#include "helper_host.h"
#include "options.h"
#include "record_file.h"
#include "sys/atomic.h"
#include "sys/fmt.h"
#include "sys/os.h"

/* A dead helper is told at once. A slow one may be the machine's fault, and its text belongs before what the process says at its end. */
#define WAIT_NS 30000000000ull
#define ASK_WAIT_NS 10000000000ull /* an answer that did not come counts as no mark: it must not be a matter of how busy the machine is */
#define SIGNAL_BYTES 8
#define SIGNALS_ALL 64
#define PATH_ROOM 4400

static char path[PATH_ROOM]; /* of the helper; "": none */
static struct {
	int socket;           /* -1: not running */
	struct file_id id;
	long middle;          /* pid, 0 none */
	uint32_t failures;    /* starts that came to nothing; after 3 no more */
} helper = { -1, { 0, 0 }, 0, 0 };
static uint32_t starts, good_starts; /* in all; those that led to an answer */
static int outdated;                 /* its suppressions are those of before: another one is started for the next record */

/* ---- where it is ------------------------------------------------------------------------------------------------------ */

static int is_helper(void)
{
	return os_syscall(SYS_faccessat, AT_FDCWD, (long)path, X_OK, 0, 0, 0) == 0;
}

void helper_set_path(const char *to)
{
	struct buf b = buf_on(path, sizeof(path));

	buf_str(&b, to);
	if (b.cut)
		path[0] = 0;
}

void helper_locate(void)
{
	static const char *const places[] = { "race", "../bin/race", "../../bin/race" /* from lib/TRIPLET */ };
	static char directory[PATH_ROOM - 16];
	size_t n = own_path(directory, sizeof(directory));

	while (n > 0 && directory[n - 1] != '/')
		n--;
	for (unsigned i = 0; n > 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		struct buf b = buf_on(path, sizeof(path));

		buf_mem(&b, directory, n);
		buf_str(&b, places[i]);
		if (is_helper())
			return;
	}
	helper_set_path(RACE_PREFIX "/bin/race");
	if (!is_helper())
		path[0] = 0;
}

/* ---- the two processes -------------------------------------------------------------------------------------------------
 * Both run on stacks of their own in this module's data; what they need lies in `start`. */

static struct {
	int socket, output, record;
} start;
static char middle_stack[8192] __attribute__((aligned(16)));
static char helper_stack[8192] __attribute__((aligned(16)));
static char *const helper_argv[] = { "race", "__helper", "3", "4", "5", NULL };
static char *const without_record[] = { "race", "__helper", "3", "4", "-", NULL };
static char *const helper_env[] = { "LC_ALL=C", NULL };

struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

static void close_from(unsigned first)
{
	unsigned last = 65536;

	if (os_syscall(SYS_close_range, first, ~0u, 0, 0, 0, 0) == 0)
		return;
	for (; first < last; first++)
		os_close((int)first);
}

/* Signals of the terminal and of whoever stops the program are not meant for the helper: it ends when it is done. */
static void set_signals(void)
{
	static const struct kernel_action dfl, ignore = { SIG_IGN, 0, NULL, 0 };
	uint64_t ignored = 0, none = 0;

	ignored |= 1ull << (SIGINT - 1) | 1ull << (SIGTERM - 1) | 1ull << (SIGHUP - 1) | 1ull << (SIGQUIT - 1);
	ignored |= 1ull << (SIGPIPE - 1) | 1ull << (SIGTSTP - 1) | 1ull << (SIGTTOU - 1) | 1ull << (SIGTTIN - 1);
	for (int sig = 1; sig <= SIGNALS_ALL; sig++) {
		if (sig != SIGKILL && sig != SIGSTOP)
			os_syscall(SYS_rt_sigaction, sig, (long)(ignored >> (sig - 1) & 1 ? &ignore : &dfl), 0,
				   SIGNAL_BYTES, 0, 0);
	}
	os_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, SIGNAL_BYTES, 0, 0);
}

/* In the helper's process, the middle's memory: becomes `race`. */
static int run_helper(void *unused)
{
	long socket = os_syscall(SYS_fcntl, start.socket, F_DUPFD, 10, 0, 0, 0);
	long output = start.output >= 0 ? os_syscall(SYS_fcntl, start.output, F_DUPFD, 10, 0, 0, 0) : -1;
	long record = start.record >= 0 ? os_syscall(SYS_fcntl, start.record, F_DUPFD, 10, 0, 0, 0) : -1;
	long null;

	os_close(0);
	null = os_open("/dev/null", O_RDWR, 0); /* the lowest free number: 0 */
	if (socket < 0 || null != 0)
		os_exit(127);
	os_syscall(SYS_dup3, 0, 1, 0, 0, 0, 0);
	os_syscall(SYS_dup3, 0, 2, 0, 0, 0, 0);
	os_syscall(SYS_dup3, socket, 3, 0, 0, 0, 0);
	os_syscall(SYS_dup3, output >= 0 ? output : 0, 4, 0, 0, 0, 0);
	if (record >= 0)
		os_syscall(SYS_dup3, record, 5, 0, 0, 0, 0);
	close_from(record >= 0 ? 6 : 5);
	set_signals();
	os_syscall(SYS_execve, (long)path, (long)(record >= 0 ? helper_argv : without_record), (long)helper_env, 0, 0, 0);
	os_exit(127);
}

#if defined(__x86_64__)

#define PAGE 4096ul
#define ADDRESSES 0x7ffffffff000ul
#define RSEQ_SIGNATURE 0x53053053
#define RSEQ_UNREGISTER 1

extern const char image[] __asm__("__ehdr_start") __attribute__((visibility("hidden"))); /* this module's ELF header */
extern const ptrdiff_t rseq_offset __asm__("__rseq_offset") __attribute__((weak));
static char rseq_probe[64] __attribute__((aligned(64)));

/* The kernel writes to the thread's rseq area whenever it moves the thread to another CPU: it must be gone before its memory
 * goes. Proven by registering one of our own, which works only when there is none. */
static int leave_rseq(void)
{
	long error;

	if (&rseq_offset) {
		char *area;

		__asm__("mov %%fs:0, %0" : "=r"(area));
		os_syscall(SYS_rseq, (long)(area + rseq_offset), 32, RSEQ_UNREGISTER, RSEQ_SIGNATURE, 0, 0);
	}
	error = os_syscall(SYS_rseq, (long)rseq_probe, 32, 0, RSEQ_SIGNATURE, 0, 0);
	if (error == 0)
		error = os_syscall(SYS_rseq, (long)rseq_probe, 32, RSEQ_UNREGISTER, RSEQ_SIGNATURE, 0, 0);
	return error == 0 || error == -ENOSYS;
}

static unsigned long image_bytes(void)
{
	const ElfW(Ehdr) *e = (const void *)image;
	const ElfW(Phdr) *ph = (const void *)(image + e->e_phoff);
	unsigned long lo = ~0ul, hi = 0;

	for (unsigned i = 0; i < e->e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		if ((ph[i].p_vaddr & ~(PAGE - 1)) < lo)
			lo = ph[i].p_vaddr & ~(PAGE - 1);
		if (ph[i].p_vaddr + ph[i].p_memsz > hi)
			hi = ph[i].p_vaddr + ph[i].p_memsz;
	}
	return (hi - lo + PAGE - 1) & ~(PAGE - 1);
}

static void drop_memory(void)
{
	unsigned long lo = (unsigned long)image, hi = lo + image_bytes();

	if (lo % PAGE || !leave_rseq())
		return;
	/* From here on neither libc nor the thread's own block exists: raw calls only. */
	os_syscall(SYS_munmap, 0, (long)lo, 0, 0, 0, 0);
	os_syscall(SYS_munmap, (long)hi, (long)(ADDRESSES - hi), 0, 0, 0, 0);
}

#else

static void drop_memory(void)
{
}

#endif

static int run_middle(void *unused)
{
	long error;

	os_syscall(SYS_setsid, 0, 0, 0, 0, 0, 0); /* out of the program's process group */
	os_syscall(SYS_chdir, (long)"/", 0, 0, 0, 0, 0);
	os_syscall(SYS_prctl, PR_SET_NAME, (long)"race", 0, 0, 0, 0); /* else it is counted as the program */
	if (race_options.on_report[0]) /* what commands leave behind comes here, not to a program that collects orphans */
		os_syscall(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0, 0);
	if (clone(run_helper, helper_stack + sizeof(helper_stack), CLONE_VM | CLONE_VFORK, NULL) < 0)
		os_exit(1);
	close_from(0);
	drop_memory();
	do {
		error = os_syscall(SYS_wait4, -1, 0, __WALL, 0, 0, 0);
	} while (error > 0 || error == -EINTR);
	os_exit(0);
}

static long start_middle(void)
{
	uint64_t all = ~(uint64_t)0, before = 0;
	int saved = errno;
	long pid;

	/* Handlers of the program must not run in either process, nor on this one's stack between them. */
	os_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, SIGNAL_BYTES, 0, 0);
	pid = clone(run_middle, middle_stack + sizeof(middle_stack), 0, NULL);
	os_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, SIGNAL_BYTES, 0, 0);
	errno = saved;
	return pid;
}

/* ---- the socket --------------------------------------------------------------------------------------------------------- */

static uint64_t deadline;

static int wait_for(short what)
{
	for (;;) {
		struct pollfd one = { helper.socket, what, 0 };
		uint64_t now = os_monotonic_ns();
		struct timespec left = { 0, 0 };
		long n;

		if (now >= deadline)
			return 0;
		left.tv_sec = (time_t)((deadline - now) / 1000000000u);
		left.tv_nsec = (long)((deadline - now) % 1000000000u);
		n = os_syscall(SYS_ppoll, (long)&one, 1, (long)&left, 0, 0, 0);
		if (n > 0)
			return 1;
		if (n < 0 && n != -EINTR)
			return 0;
	}
}

/* 0, or -errno. */
static long send_bytes(const void *from, size_t bytes)
{
	const char *at = from;

	while (bytes > 0) {
		long n = os_syscall(SYS_sendto, helper.socket, (long)at, (long)bytes, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);

		if (n == -EINTR)
			continue;
		if (n == -EAGAIN) {
			if (!wait_for(POLLOUT))
				return -ETIMEDOUT;
			continue;
		}
		if (n < 0)
			return n;
		at += n;
		bytes -= (size_t)n;
	}
	return 0;
}

/* 0; -ETIMEDOUT; -EPIPE at the end of file. */
static long receive_bytes(void *to, size_t bytes)
{
	char *at = to;

	while (bytes > 0) {
		long n = os_syscall(SYS_recvfrom, helper.socket, (long)at, (long)bytes, MSG_DONTWAIT, 0, 0);

		if (n == -EINTR)
			continue;
		if (n == -EAGAIN) {
			if (!wait_for(POLLIN))
				return -ETIMEDOUT;
			continue;
		}
		if (n <= 0)
			return n < 0 ? n : -EPIPE;
		at += n;
		bytes -= (size_t)n;
	}
	return 0;
}

static void helper_drop(void)
{
	if (helper.socket >= 0 && file_is(helper.socket, &helper.id))
		os_close(helper.socket);
	helper.socket = -1;
	if (helper.middle > 0)
		os_syscall(SYS_wait4, helper.middle, 0, WNOHANG | __WCLONE, 0, 0, 0);
}

static struct helper_hello hello; /* under the report lock; output_path is set where the helper is started */

static void copy_option(char *to, size_t cap, const char *from)
{
	struct buf b = buf_on(to, cap);

	buf_str(&b, from);
}

static long send_hello(void)
{
	static char text[SUPPRESSIONS * (sizeof(((struct suppression *)0)->pattern) + 20)];
	const struct suppressions *rules = emit_rules();
	struct buf b = buf_on(text, sizeof(text));
	struct helper_header header = { HELPER_MAGIC, HELPER_HELLO, 0 };
	long error;

	/* Written anew from what was parsed: the helper's rules have the numbers that ours have. */
	for (uint32_t i = 0; i < rules->n; i++)
		buf_fmt(&b, "%s:%s\n", suppression_type_name(rules->rule[i].type), rules->rule[i].pattern);
	hello.version = RECORD_VERSION;
	hello.suppression_bytes = (uint32_t)b.len;
	copy_option(hello.strip_prefix, sizeof(hello.strip_prefix), race_options.strip_path_prefix);
	copy_option(hello.suppression_file, sizeof(hello.suppression_file), rules->file);
	copy_option(hello.tags, sizeof(hello.tags), record_file_tags());
	copy_option(hello.traceparent, sizeof(hello.traceparent), record_file_traceparent());
	copy_option(hello.on_report, sizeof(hello.on_report), race_options.on_report);
	header.bytes = (uint32_t)(sizeof(hello) + b.len);
	error = send_bytes(&header, sizeof(header));
	if (!error)
		error = send_bytes(&hello, sizeof(hello));
	if (!error)
		error = send_bytes(text, b.len);
	return error;
}

static int helper_start(void)
{
	int ends[2];

	if (!path[0] || helper.failures >= 3)
		return 0;
	if (helper.middle > 0) {
		os_syscall(SYS_wait4, helper.middle, 0, WNOHANG | __WCLONE, 0, 0, 0);
		helper.middle = 0;
	}
	helper.failures++;
	add_relaxed(&starts, 1);
	if (os_syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, (long)ends, 0, 0) < 0)
		return 0;
	helper.socket = emit_high_fd(ends[0]);
	if (helper.socket < 0 || file_id_of(helper.socket, &helper.id) < 0) {
		os_close(ends[1]);
		helper_drop();
		return 0;
	}
	start.socket = ends[1];
	start.output = emit_for_helper(hello.output_path, sizeof(hello.output_path));
	start.record = record_file_descriptor();
	helper.middle = start_middle();
	os_close(ends[1]);
	if (helper.middle <= 0 || send_hello() < 0) {
		helper_drop();
		return 0;
	}
	return 1;
}

static void helper_good(void)
{
	if (helper.failures)
		add_relaxed(&good_starts, 1);
	helper.failures = 0;
}

uint32_t helper_failed_starts(void)
{
	uint32_t n = load_relaxed(&starts), good = load_relaxed(&good_starts);

	return n > good ? n - good : 0;
}

void helper_outdated(void)
{
	outdated = 1;
}

/* ---- records ------------------------------------------------------------------------------------------------------------ */

/* An answer that came too late. */
static long skip_objects(const struct helper_header *header)
{
	static struct helper_objects late;

	return header->bytes == sizeof(late) ? receive_bytes(&late, sizeof(late)) : -EPROTO;
}

static enum helper_answer wait_for_answer(uint32_t sequence, int *rule)
{
	int writing = 0;

	for (;;) {
		struct helper_header header;
		struct helper_done done;
		long error = receive_bytes(&header, sizeof(header));

		if (!error && header.magic == HELPER_MAGIC && header.type == HELPER_OBJECTS) {
			error = skip_objects(&header);
			if (!error)
				continue;
		}
		if (!error && (header.magic != HELPER_MAGIC || header.bytes != sizeof(done)))
			error = -EPROTO;
		if (!error)
			error = receive_bytes(&done, sizeof(done));
		if (error == -ETIMEDOUT) /* slow, not dead: large debug information. It prints when it is ready. */
			return HELPER_PRINTED;
		if (error) {
			helper_drop();
			return writing ? HELPER_LOST : HELPER_NONE;
		}
		if (done.sequence != sequence) /* an answer that we did not wait for */
			continue;
		if (header.type == HELPER_WRITING)
			writing = 1;
		if (header.type != HELPER_DONE)
			continue;
		helper_good();
		*rule = done.suppressed_by;
		return done.suppressed_by >= 0 ? HELPER_SUPPRESSED : HELPER_PRINTED;
	}
}

enum helper_answer helper_send(const struct record *r, int *rule)
{
	struct helper_header header = { HELPER_MAGIC, HELPER_RECORD, sizeof(*r) };
	long error;

	if (emit_is_sandboxed())
		return HELPER_NONE;
	deadline = os_monotonic_ns() + WAIT_NS;
	if (outdated)
		helper_drop();
	outdated = 0;
	/* Twice: the program may have closed our socket, or the helper may be gone. */
	for (int attempt = 0; attempt < 2; attempt++) {
		if (helper.socket < 0 || !file_is(helper.socket, &helper.id)) {
			helper.socket = -1;
			if (!helper_start())
				return HELPER_NONE;
		}
		error = send_bytes(&header, sizeof(header));
		if (!error)
			error = send_bytes(r, sizeof(*r));
		if (!error)
			return wait_for_answer(r->sequence, rule);
		helper_drop(); /* it has no whole record: it prints nothing of it */
	}
	return HELPER_NONE;
}

/* ---- questions ---------------------------------------------------------------------------------------------------------- */

static long wait_for_objects(uint32_t sequence, struct helper_objects *out)
{
	for (;;) {
		struct helper_header header;
		struct helper_done done;
		long error = receive_bytes(&header, sizeof(header));

		if (!error && header.magic == HELPER_MAGIC && header.type == HELPER_OBJECTS && header.bytes == sizeof(*out)) {
			error = receive_bytes(out, sizeof(*out));
			if (!error && out->sequence == sequence)
				return 0;
		} else if (!error) { /* of a record that was too slow to be waited for */
			error = header.magic == HELPER_MAGIC && header.bytes == sizeof(done) ? receive_bytes(&done, sizeof(done)) : -EPROTO;
		}
		if (error)
			return error;
	}
}

int helper_ask_objects(const struct record_module *m, struct helper_objects *out)
{
	static uint32_t sequence;
	static struct helper_ask ask; /* under the report lock */
	struct helper_header header = { HELPER_MAGIC, HELPER_ASK, sizeof(ask) };
	long error;

	memset(out, 0, sizeof(*out));
	if (emit_is_sandboxed())
		return 0;
	deadline = os_monotonic_ns() + ASK_WAIT_NS;
	if (helper.socket < 0 || !file_is(helper.socket, &helper.id)) {
		helper.socket = -1;
		if (!helper_start())
			return 0;
	}
	ask.sequence = ++sequence;
	ask.module = *m;
	error = send_bytes(&header, sizeof(header));
	if (!error)
		error = send_bytes(&ask, sizeof(ask));
	if (!error)
		error = wait_for_objects(ask.sequence, out);
	if (!error)
		helper_good();
	else if (error != -ETIMEDOUT)
		helper_drop();
	if (error)
		memset(out, 0, sizeof(*out));
	return !error;
}

/* The socket is the parent's; the middle process is no child of ours. */
void helper_forked(void)
{
	if (helper.socket >= 0 && file_is(helper.socket, &helper.id))
		os_close(helper.socket);
	helper.socket = -1;
	helper.middle = 0;
	helper.failures = 0;
	starts = good_starts = 0;
}
