/* SPDX-License-Identifier: MIT */
/*
 * life.c - a process that races, or not, after this and that: life [clean] STEP ...
 *
 * Each STEP does something to the process; `race` is two threads on one table, `clean` the same with an order between them. Gates
 * (tests/e2e/gate.h) order the two without that librace sees it, so the race is there in every run, and never overlapping.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate.h"
#include "librace.h"

static int table[4], handed;
static struct gate done, leave;
static int swapped; /* who comes first */
static const char *self;
static const char *key_a = "alice", *key_b = "bob", *note = "req=71";

#define KEEP(name) __asm__ volatile("/* " #name " */" ::: "memory")

__attribute__((noinline)) static void put(void)
{
	race_begin(table, RACE_OP_INSERT, 3, key_a, RACE_KEY_STRING);
	table[0]++;
	race_end(table);
	KEEP(put);
}

__attribute__((noinline)) static void get(void)
{
	race_begin(table, RACE_OP_LOOKUP, 3, key_b, RACE_KEY_STRING);
	table[1] = table[0];
	race_end(table);
	KEEP(get);
}

static void before_mine(int is_second, void *ordered)
{
	if (!is_second)
		return;
	gate_wait(&done, 1);
	if (ordered)
		race_acquire(&handed);
}

/* Both threads live until both are done, so that a report finds them running. */
static void after_mine(int is_second, void *ordered)
{
	if (is_second) {
		gate_open(&leave);
		return;
	}
	if (ordered)
		race_release(&handed);
	gate_open(&done);
	gate_wait(&leave, 1);
}

static void *writer(void *ordered)
{
	race_context(note);
	before_mine(swapped, ordered);
	put();
	after_mine(swapped, ordered);
	return NULL;
}

static void *reader(void *ordered)
{
	before_mine(!swapped, ordered);
	get();
	after_mine(!swapped, ordered);
	return NULL;
}

static void meet(int ordered)
{
	void *how = ordered ? &handed : NULL;
	pthread_t a, b;

	race_map_create(table, "seat table", RACE_UNSAFE);
	race_label(table, "seats");
	done.count = leave.count = 0;
	if (pthread_create(&a, NULL, writer, how) || pthread_create(&b, NULL, reader, how))
		abort();
	pthread_join(a, NULL);
	pthread_join(b, NULL);
}

static void wait_for(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		_exit(99);
}

static void *fork_and_race(void *unused)
{
	pid_t child = fork();

	if (child == 0) {
		meet(0);
		exit(0);
	}
	wait_for(child);
	return NULL;
}

/* A filter that kills for all but what a program that only computes, prints and ends makes. */
static void enter_sandbox(void)
{
	static const int allowed[] = { SYS_write, SYS_exit, SYS_exit_group, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_futex, SYS_getpid, SYS_gettid,
				       SYS_rt_sigreturn, SYS_rt_sigpending, SYS_munmap, SYS_clock_gettime, SYS_nanosleep, SYS_madvise };
	struct sock_filter code[2 * sizeof(allowed) / sizeof(allowed[0]) + 2];
	struct sock_fprog program = { 0, code };
	unsigned n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)allowed[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	program.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(77);
}

static void *before_the_sandbox(void *unused)
{
	put();
	gate_open(&done);
	gate_wait(&leave, 1);
	return NULL;
}

static void race_in_sandbox(void)
{
	pthread_t a;

	if (pthread_create(&a, NULL, before_the_sandbox, NULL))
		abort();
	gate_wait(&done, 1);
	enter_sandbox();
	get();
	gate_open(&leave);
	_exit(0);
}

static void run_again(char *const *steps)
{
	char *argv[20] = { (char *)"life" };

	for (int i = 0; i < 18 && steps[i]; i++)
		argv[i + 1] = steps[i];
	execv(self, argv);
	_exit(98);
}

static int step(const char *s, char **rest)
{
	pid_t child;

	if (!strcmp(s, "race")) {
		meet(0);
	} else if (!strcmp(s, "clean")) {
		meet(1);
	} else if (!strcmp(s, "swapped")) {
		swapped = 1;
	} else if (!strcmp(s, "fork")) {
		fork_and_race(NULL);
	} else if (!strcmp(s, "fork-in-thread")) {
		pthread_t t;

		if (pthread_create(&t, NULL, fork_and_race, NULL))
			abort();
		pthread_join(t, NULL);
	} else if (!strcmp(s, "exec")) {
		run_again(rest);
	} else if (!strcmp(s, "vfork")) {
		child = vfork();
		if (child == 0)
			run_again(rest);
		wait_for(child);
		return 1;
	} else if (!strcmp(s, "close-all")) {
		for (int fd = 0; fd < 2048; fd++)
			close(fd);
	} else if (!strcmp(s, "reuse-all")) { /* every number means a file of the program's own by now */
		int fd = open(rest[0], O_WRONLY | O_CREAT | O_APPEND, 0600);

		for (int other = 0; other < 1000; other++) {
			if (other != fd && other != 1)
				dup2(fd, other);
		}
		return 2;
	} else if (!strcmp(s, "chdir")) {
		if (chdir("/"))
			_exit(77);
	} else if (!strcmp(s, "chroot")) { /* into what has none of the files, then without rights */
		if (chroot(rest[0]) || chdir("/") || setgid(65534) || setuid(65534))
			_exit(77);
		return 2;
	} else if (!strcmp(s, "few-files")) {
		struct rlimit limit = { 16, 16 };

		setrlimit(RLIMIT_NOFILE, &limit);
	} else if (!strcmp(s, "sandbox")) {
		race_in_sandbox();
	} else if (!strcmp(s, "hostile")) {
		key_a = "\033[31m\"\\\n\xff\xfe \xc3\x28 \xed\xa0\x80 \xe2\x80\xae";
		key_b = "\xc2\x9b" "2J\x7f\t\xf0\x9f\x98\x80";
		note = "</script><b>\x1b]0;title\x07\xc3";
		race_map_create(table, "ta\033ble\xff", RACE_UNSAFE);
	} else if (!strcmp(s, "hostile-race")) {
		pthread_t a, b;

		race_label(table, "l\x1b[2Jabel\xe2\x80");
		if (pthread_create(&a, NULL, writer, NULL) || pthread_create(&b, NULL, reader, NULL))
			abort();
		pthread_setname_np(a, "t\x1b[1m\xff\"");
		pthread_join(a, NULL);
		pthread_join(b, NULL);
	} else if (!strcmp(s, "dead")) {
		meet(1);
		race_map_destroy(table);
		get();
	} else if (!strcmp(s, "kill")) {
		raise(SIGKILL);
	} else if (!strcmp(s, "status")) {
		exit(atoi(rest[0]));
	} else {
		fprintf(stderr, "life: unknown step %s\n", s);
		_exit(2);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static char path[4096];

	self = readlink("/proc/self/exe", path, sizeof(path) - 1) > 0 ? path : argv[0];
	for (int i = 1; i < argc; i++) {
		int used = step(argv[i], argv + i + 1);

		if (used == 1)
			break;
		i += used == 2;
	}
	return 0;
}
