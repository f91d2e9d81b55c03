/* SPDX-License-Identifier: MIT */
/*
 * host.c - a program that reports about itself, with the very objects of librace.so: host.c SCENARIO HELPER
 *
 * The record's stacks are addresses of this program's own functions. tests/report/check.py starts it and reads what comes out.
 * RACE_OPTIONS is read as librace reads it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload/emit.h"
#include "preload/helper_host.h"
#include "preload/options.h"
#include "preload/sys/os.h"

static struct record r;
long a_global_map[4];

__attribute__((noinline)) void map_operation(void);
void map_operation(void)
{
	__asm__ volatile("");
}

static void *return_address;

__attribute__((noinline)) void takes_its_caller(void);
void takes_its_caller(void)
{
	return_address = __builtin_return_address(0);
}

static inline __attribute__((always_inline)) void inlined_call(void)
{
	takes_its_caller();
	__asm__ volatile("");
}

__attribute__((noinline)) void user_function(void);
void user_function(void)
{
	inlined_call();
	__asm__ volatile("");
}

static uint32_t module_add(void *address)
{
	struct link_map *map;
	Dl_info info;
	struct record_module *m = &r.modules[r.nmodules];

	if (!dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP))
		abort();
	m->base = map->l_addr;
	if (map->l_name[0])
		snprintf(m->path, sizeof(m->path), "%s", map->l_name);
	else
		os_readlink("/proc/self/exe", m->path, sizeof(m->path));
	return r.nmodules++;
}

static void push(struct record_stack *s, void *pc, uint32_t module, int entry)
{
	s->frames[s->nframes].pc = (uint64_t)pc;
	s->frames[s->nframes].module = module;
	s->frames[s->nframes++].is_entry = (uint32_t)entry;
}

static void fill(void)
{
	uint32_t own, libc;

	user_function();
	memset(&r, 0, sizeof(r));
	r.magic = RECORD_MAGIC;
	r.version = RECORD_VERSION;
	r.size = sizeof(r);
	r.pid = (uint32_t)getpid();
	r.verdict = RECORD_LIKELY;
	r.cause = CAUSE_UNSYNCHRONISED;
	r.map = (uint64_t)a_global_map + 8;
	r.entries = -1;
	own = module_add((void *)fill);
	libc = module_add((void *)strtoul);
	r.location_module = own;
	snprintf(r.map_kind, sizeof(r.map_kind), "map");
	r.nthreads = 2;
	r.threads[1].number = 1;
	r.threads[1].running = 1;
	r.now.thread = 1;
	r.now.write = 1;
	r.now.bucket = r.before.bucket = 0xffffffffu;
	snprintf(r.now.stack.op, sizeof(r.now.stack.op), "map_operation");
	push(&r.now.stack, (void *)map_operation, own, 1);
	push(&r.now.stack, return_address, own, 0);
	snprintf(r.before.stack.op, sizeof(r.before.stack.op), "strtoul");
	push(&r.before.stack, dlsym(RTLD_DEFAULT, "strtoul"), libc, 1);
	push(&r.before.stack, return_address, own, 0);
}

static int report(void)
{
	r.sequence++;
	return emit_record(&r);
}

/* ---- scenarios ------------------------------------------------------------------------------------------------------------ */

static void once(void)
{
	report();
}

static void twice(void)
{
	report();
	report();
}

static volatile sig_atomic_t children_seen;

static void on_child(int sig)
{
	children_seen++;
}

/* The program has no child: no wait finds one and no signal comes, also after the helper has ended. */
static void no_child(void)
{
	pid_t own;
	int status;

	signal(SIGCHLD, on_child);
	report();
	printf("wait %d %d\n", waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD, (int)children_seen);
	own = fork();
	if (own == 0) {
		helper_forked();
		emit_forked();
		_exit(7);
	}
	while (waitpid(-1, &status, 0) != own)
		;
	printf("own %d %d\n", WEXITSTATUS(status), (int)children_seen);
}

/* Prints its pid and waits for a byte: time to look at it from outside. */
static void wait_to_be_seen(void)
{
	char c;

	printf("%d\n", getpid());
	fflush(stdout);
	if (read(0, &c, 1) < 0)
		_exit(9);
}

static void seen(void)
{
	char *much = malloc(64 << 20);

	memset(much, 1, 64 << 20);
	report();
	wait_to_be_seen();
	report();
}

static int deadly;
static void *volatile nowhere;

/* Dies as soon as a report is under way; tells its thread id first. */
static void *die(void *arg)
{
	struct sigaction act;

	printf("%d\n", os_tid());
	fflush(stdout);
	do {
		sigaction(deadly, NULL, &act);
	} while (act.sa_handler == SIG_DFL);
	if (deadly == SIGSEGV)
		*(volatile int *)nowhere = 1;
	if (deadly == SIGTRAP)
		__builtin_trap();
	if (deadly == SIGABRT)
		abort();
	return NULL;
}

static void die_while_pending(int sig, int often)
{
	pthread_t t;

	deadly = sig;
	pthread_create(&t, NULL, die, NULL);
	do {
		report();
	} while (often);
	pthread_join(t, NULL);
}

static void segv(void)
{
	die_while_pending(SIGSEGV, 0);
}

static void aborts(void)
{
	die_while_pending(SIGABRT, 0);
}

/* Where nothing holds a report back until the other thread has seen it. */
static void segv_often(void)
{
	die_while_pending(SIGSEGV, 1);
}

static void own_handler(int sig)
{
	_exit(33);
}

/* Handlers of the program are left alone, and default actions are back afterwards. */
static void handlers(void)
{
	struct sigaction act;

	signal(SIGSEGV, own_handler);
	report();
	sigaction(SIGSEGV, NULL, &act);
	printf("%d ", act.sa_handler == own_handler);
	sigaction(SIGABRT, NULL, &act);
	printf("%d\n", act.sa_handler == SIG_DFL);
}

/* All descriptors closed between two reports, as daemons do; ours are then some other file. */
static void closes_all(void)
{
	char mine[600];
	int fd, opened = 0;

	report();
	close_range(3, ~0u, 0);
	snprintf(mine, sizeof(mine), "%s", getenv("MINE"));
	while ((fd = open(mine, O_WRONLY | O_CREAT | O_APPEND, 0600)) >= 0 && fd < 700)
		opened++;
	report();
	emit_line("a line");
	printf("%d\n", opened > 500);
}

static void loses_stderr(void)
{
	int fd;

	close_range(2, ~0u, 0);
	fd = open(getenv("MINE"), O_WRONLY | O_CREAT | O_APPEND, 0600);
	emit_line("a line");
	report();
	printf("%d\n", fd);
}

static void broken_pipe(void)
{
	emit_line("a line");
	report();
	emit_line("a line");
	printf("alive\n");
}

static void lines(void)
{
	emit_line("a line");
}

static void changes_directory(void)
{
	if (chdir("/") == 0)
		emit_line("a line");
}

static void silent(void)
{
}

static void forks(void)
{
	int status;
	pid_t child;

	emit_line("parent");
	report();
	fflush(stdout);
	child = fork();
	if (child == 0) {
		helper_forked();
		emit_forked();
		emit_line("child");
		report();
		printf("%d\n", getpid());
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &status, 0);
	printf("%d\n", getpid());
	report();
}

static void sandbox(void)
{
	report();
	emit_sandboxed();
	report();
}

static void rules(void)
{
	printf("%d\n", report());
	emit_suppressions();
}

static void *reports_on_a_small_stack(void *arg)
{
	report();
	return NULL;
}

static void small_stack(void)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	if (pthread_create(&t, &attr, reports_on_a_small_stack, NULL) != 0)
		_exit(9);
	pthread_join(t, NULL);
}

static const struct {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	{ "once", once }, { "twice", twice }, { "no_child", no_child }, { "seen", seen }, { "segv", segv },
	{ "aborts", aborts }, { "segv_often", segv_often }, { "handlers", handlers }, { "closes_all", closes_all }, { "loses_stderr", loses_stderr },
	{ "broken_pipe", broken_pipe }, { "lines", lines }, { "changes_directory", changes_directory },
	{ "silent", silent }, { "forks", forks }, { "sandbox", sandbox }, { "rules", rules }, { "small_stack", small_stack },
};

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	options_parse(&race_options, getenv("RACE_OPTIONS"), 0, NULL);
	emit_start();
	helper_set_path(argv[2]);
	fill();
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		if (!strcmp(scenarios[i].name, argv[1])) {
			scenarios[i].run();
			return 0;
		}
	}
	return 2;
}
