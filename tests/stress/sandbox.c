/* SPDX-License-Identifier: MIT */
/*
 * sandbox.c - a program that locks itself in before it races: from then on clone, fork, execve and open kill the
 * process.
 *
 *   sandbox prctl|seccomp [early]     by prctl() in each thread, or by seccomp() for all threads at once;
 *                                     early: a first race before the door closes
 */
#include "../e2e/twins.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#define KILL_ON(call)                                                                                                \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static struct sock_filter filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	KILL_ON(SYS_clone),
	KILL_ON(SYS_clone3),
	KILL_ON(SYS_fork),
	KILL_ON(SYS_vfork),
	KILL_ON(SYS_execve),
	KILL_ON(SYS_execveat),
	KILL_ON(SYS_open),
	KILL_ON(SYS_openat),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
static struct sock_fprog program = { sizeof filter / sizeof *filter, filter };

static int by_prctl;
static struct gate locked, ready;
static void *early_root;

static void close_door(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		abort();
	if (by_prctl ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)
		     : syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program))
		abort();
}

static void *side_a(void *unused)
{
	gate_open(&ready);
	gate_wait(&locked, 1);
	if (by_prctl)
		close_door();
	touch_a();
	gate_open(&a_done);
	return unused;
}

static void *side_b(void *unused)
{
	gate_wait(&ready, 1);
	gate_open(&ready);
	gate_wait(&a_done, 1);
	if (by_prctl)
		close_door();
	touch_b();
	return unused;
}

static struct gate early_done;
static void *early_a(void *unused)
{
	tsearch((void *)1, &early_root, touch_compare);
	gate_open(&early_done);
	return unused;
}
static void *early_b(void *unused)
{
	gate_wait(&early_done, 1);
	tsearch((void *)2, &early_root, touch_compare);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t a, b;

	if (argc < 2)
		return 2;
	by_prctl = !strcmp(argv[1], "prctl");
	if (argc > 2) {
		static const struct scenario early = { "early", early_a, early_b };
		run_sides(&early);
	}
	MUST(pthread_create(&a, NULL, side_a, NULL));
	MUST(pthread_create(&b, NULL, side_b, NULL));
	gate_wait(&ready, 2);
	close_door();
	gate_open(&locked);
	MUST(pthread_join(a, NULL));
	MUST(pthread_join(b, NULL));
	puts("done");
	return 0;
}
