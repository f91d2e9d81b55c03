/* SPDX-License-Identifier: MIT */
/*
 * filter.c - the instructions of classic BPF that seccomp(2) takes, one call at a time. Which ones those are: kernel/seccomp.c,
 * seccomp_check_filter(); what they do: Documentation/networking/filter.rst of the kernel.
 *
 * Jumps only go forward, so every program ends.
 */
#include "filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "os.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif
#define WORDS BPF_MEMWORDS

struct machine {
	uint32_t a, x, memory[WORDS];
	int bad;
};

static void arithmetic(struct machine *m, unsigned what, uint32_t by)
{
	switch (what) {
	case BPF_ADD: m->a += by; break;
	case BPF_SUB: m->a -= by; break;
	case BPF_MUL: m->a *= by; break;
	case BPF_DIV:
		if (by)
			m->a /= by;
		else
			m->bad = 1;
		break;
	case BPF_OR: m->a |= by; break;
	case BPF_AND: m->a &= by; break;
	case BPF_XOR: m->a ^= by; break;
	case BPF_LSH: m->a = by < 32 ? m->a << by : 0; break;
	case BPF_RSH: m->a = by < 32 ? m->a >> by : 0; break;
	case BPF_NEG: m->a = -m->a; break;
	default: m->bad = 1;
	}
}

static int jumps(struct machine *m, unsigned what, uint32_t with)
{
	switch (what) {
	case BPF_JEQ: return m->a == with;
	case BPF_JGT: return m->a > with;
	case BPF_JGE: return m->a >= with;
	case BPF_JSET: return (m->a & with) != 0;
	}
	m->bad = 1;
	return 0;
}

static uint32_t load(struct machine *m, const struct sock_filter *i, const struct seccomp_data *call)
{
	uint32_t value = 0;

	switch (BPF_MODE(i->code)) {
	case BPF_IMM: return i->k;
	case BPF_LEN: return sizeof(*call);
	case BPF_MEM:
		if (i->k < WORDS)
			return m->memory[i->k];
		break;
	case BPF_ABS:
		if (BPF_CLASS(i->code) == BPF_LD && BPF_SIZE(i->code) == BPF_W && i->k <= sizeof(*call) - 4 && i->k % 4 == 0) {
			memcpy(&value, (const char *)call + i->k, sizeof(value));
			return value;
		}
	}
	m->bad = 1;
	return 0;
}

unsigned filter_action(const struct sock_filter *at, size_t n, const struct seccomp_data *call)
{
	struct machine m = { 0 };

	for (size_t i = 0; i < n && !m.bad; i++) {
		const struct sock_filter *f = &at[i];
		uint32_t operand = BPF_SRC(f->code) == BPF_X ? m.x : f->k;

		switch (BPF_CLASS(f->code)) {
		case BPF_LD: m.a = load(&m, f, call); break;
		case BPF_LDX: m.x = load(&m, f, call); break;
		case BPF_ST:
		case BPF_STX:
			if (f->k < WORDS)
				m.memory[f->k] = BPF_CLASS(f->code) == BPF_ST ? m.a : m.x;
			else
				m.bad = 1;
			break;
		case BPF_ALU: arithmetic(&m, BPF_OP(f->code), operand); break;
		case BPF_JMP:
			if (BPF_OP(f->code) == BPF_JA)
				i += f->k;
			else
				i += jumps(&m, BPF_OP(f->code), operand) ? f->jt : f->jf;
			break;
		case BPF_RET: return BPF_RVAL(f->code) == BPF_A ? m.a : f->k;
		case BPF_MISC:
			if (BPF_MISCOP(f->code) == BPF_TAX)
				m.x = m.a;
			else
				m.a = m.x;
			break;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}

int filter_allows_probe(const struct sock_filter *at, size_t n)
{
	struct seccomp_data call = { .nr = SYS_rt_sigprocmask, .arch = ARCH, .args = { (uint64_t)-1, (uintptr_t)at, 0, 8 } };
	unsigned action = filter_action(at, n, &call) & SECCOMP_RET_ACTION_FULL;

	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}
