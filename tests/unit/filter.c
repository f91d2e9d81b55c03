/* SPDX-License-Identifier: MIT */
/*
 * filter.c - what a seccomp filter will say: known filters, and random ones whose answer the kernel gives, too.
 */
#include "preload/sys/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload/sys/os.h"
#include "tests/tap.h"

#define NUMBER offsetof(struct seccomp_data, nr)
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

START_TEST(known_filters_allow_the_probe_or_do_not)
{
	const struct sock_filter all[] = { RETURN(SECCOMP_RET_ALLOW) }, logs[] = { RETURN(SECCOMP_RET_LOG) },
				 none[] = { RETURN(SECCOMP_RET_KILL_PROCESS) }, refuses[] = { RETURN(SECCOMP_RET_ERRNO | EINVAL) },
				 two[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NUMBER), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 1, 0),
					   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1), RETURN(SECCOMP_RET_ALLOW),
					   RETURN(SECCOMP_RET_TRAP) },
				 no_fork[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NUMBER), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fork, 0, 1),
					       RETURN(SECCOMP_RET_KILL_PROCESS), RETURN(SECCOMP_RET_ALLOW) },
				 by_argument[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3])),
						   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 8, 0, 1), RETURN(SECCOMP_RET_ALLOW),
						   RETURN(SECCOMP_RET_KILL_PROCESS) },
				 endless[] = { BPF_JUMP(BPF_JMP | BPF_JA, UINT32_MAX, 0, 0) };

	ck_assert(filter_allows_probe(all, 1) && filter_allows_probe(logs, 1));
	ck_assert(!filter_allows_probe(none, 1) && !filter_allows_probe(refuses, 1));
	ck_assert(!filter_allows_probe(two, COUNT(two)));
	ck_assert(filter_allows_probe(no_fork, COUNT(no_fork)));
	ck_assert(filter_allows_probe(by_argument, COUNT(by_argument)));
	ck_assert(!filter_allows_probe(endless, 1) && !filter_allows_probe(all, 0));
}
END_TEST

/* ---- the kernel as the oracle: an instruction sequence whose result becomes the errno of a call ----------------------------- */

#define BODY 24
static uint64_t seed;

static uint32_t any(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static struct sock_filter instruction(size_t left)
{
	static const uint16_t by[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_OR, BPF_AND, BPF_XOR }, jump[] = { BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET };
	uint16_t source = any(2) ? BPF_X : BPF_K;

	switch (any(12)) {
	case 0: return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16 + 4 * any(12)); /* not where the call comes from */
	case 1: return (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, any(UINT32_MAX));
	case 2: return (struct sock_filter)BPF_STMT(BPF_LDX | BPF_IMM, any(9));
	case 3: return (struct sock_filter)BPF_STMT((any(2) ? BPF_LD : BPF_LDX) | BPF_W | BPF_LEN, 0);
	case 4: return (struct sock_filter)BPF_STMT(any(2) ? BPF_ST : BPF_STX, any(4));
	case 5: return (struct sock_filter)BPF_STMT((any(2) ? BPF_LD : BPF_LDX) | BPF_MEM, any(4));
	case 6: return (struct sock_filter)BPF_STMT(BPF_MISC | (any(2) ? BPF_TAX : BPF_TXA), 0);
	case 7: return (struct sock_filter)BPF_STMT(BPF_ALU | BPF_K | (any(2) ? BPF_LSH : BPF_RSH), any(32));
	case 8: return (struct sock_filter)BPF_STMT(BPF_ALU | BPF_K | (any(2) ? BPF_DIV : BPF_NEG), 1 + any(1000));
	case 9: return (struct sock_filter)BPF_JUMP(BPF_JMP | source | jump[any(4)], any(64), (uint8_t)any((uint32_t)left), (uint8_t)any((uint32_t)left));
	}
	return (struct sock_filter)BPF_STMT(BPF_ALU | source | by[any(6)], any(UINT32_MAX));
}

static size_t program(struct sock_filter *p)
{
	size_t n = 0;

	p[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NUMBER);
	p[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 1, 0);
	p[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	for (uint32_t k = 0; k < 4; k++) /* the kernel wants memory to be written before it is read */
		p[n++] = (struct sock_filter)BPF_STMT(BPF_ST, k);
	for (size_t i = 0; i < BODY; i++)
		p[n++] = instruction(BODY - i);
	p[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_K | BPF_AND, 127);
	p[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_K | BPF_OR, SECCOMP_RET_ERRNO);
	p[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
	return n;
}

/* -1: the kernel does not take it */
static int by_kernel(struct sock_filter *p, size_t n, const __u64 a[6])
{
	struct sock_fprog whole = { (unsigned short)n, p };
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole, 0, 0))
			_exit(255);
		_exit((int)-os_syscall(SYS_getpriority, (long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4], (long)a[5]));
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status) == 255 ? -1 : WEXITSTATUS(status);
}

START_TEST(random_filters_say_what_the_kernel_says)
{
	struct sock_filter p[BODY + 16];
	int taken = 0, different = 0, last = -1;

	for (seed = 1; seed < 400 * 1000; seed = seed / 1000 * 1000 + 1001) {
		uint64_t first = seed;
		size_t n = program(p);
		struct seccomp_data call = { .nr = SYS_getpriority, .arch = AUDIT_ARCH_X86_64 };
		int expected;

		for (int i = 0; i < 6; i++)
			call.args[i] = (uint64_t)any(UINT32_MAX) << 32 | any(UINT32_MAX);
		expected = by_kernel(p, n, call.args);
		if (expected >= 0) {
			ck_assert_msg((int)(filter_action(p, n, &call) & 127) == expected, "program %lu", (unsigned long)first);
			taken++;
			different += expected != last;
			last = expected;
		}
		seed = first;
	}
	ck_assert_int_gt(taken, 300);
	ck_assert_int_gt(different, 100);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("filter");

	TAP_ADD(s, known_filters_allow_the_probe_or_do_not);
	TAP_ADD(s, random_filters_say_what_the_kernel_says);
	return tap_run(s);
}
