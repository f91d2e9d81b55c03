/* SPDX-License-Identifier: MIT */
/*
 * stub_micro.c - ns that the generic stub adds to a call: both callbacks there and empty, a function of three instructions, result
 * fed into the next call. Paired rounds, the least of each.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "preload/patch/stub.h"

__thread struct race_thread *race_me __attribute__((tls_model("initial-exec")));

#if defined(__x86_64__)

enum { CALLS = 200000, ROUNDS = 30 };

long race_test_plain(long a, long b, long c);
__asm__(".text\n.p2align 6\n.globl race_test_plain\nrace_test_plain:\n	lea (%rdi,%rsi), %rax\n	add %rdx, %rax\n	ret\n");

static __attribute__((noinline)) void before(const struct stub_site *s, const struct stub_args *a, const uintptr_t *f,
					      struct stub_call *c)
{
	__asm__ volatile("" ::"r"(s), "r"(a), "r"(f), "r"(c));
}

static __attribute__((noinline)) void after(const struct stub_site *s, uint64_t r, const uintptr_t *f, struct stub_call *c)
{
	__asm__ volatile("" ::"r"(s), "r"(r), "r"(f), "r"(c));
}

/* What a typed wrapper costs at the least: a C function that calls on through a pointer. */
static long (*volatile typed_real)(long, long, long) = race_test_plain;
static __attribute__((noinline)) long typed(long a, long b, long c)
{
	long r = typed_real(a, b, c);

	__asm__ volatile("" ::"r"(__builtin_frame_address(0)));
	return r;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double once(long (*f)(long, long, long))
{
	double start = now();
	long x = 1;

	for (int i = 0; i < CALLS; i++)
		x = f(x, i, 3);
	__asm__ volatile("" ::"r"(x));
	return (now() - start) / CALLS;
}

static double added(long (*f)(long, long, long))
{
	double plain = 1e9, with = 1e9, t;

	for (int i = 0; i < ROUNDS; i++) {
		t = once(race_test_plain);
		plain = t < plain ? t : plain;
		t = once(f);
		with = t < with ? t : with;
	}
	return with - plain;
}

int main(void)
{
	static const struct {
		const char *name;
		uint32_t words;
		int after;
	} rows[] = {
		{ "no stack words", 0, 1 },
		{ "no stack words, no after", 0, 0 },
		{ "8 stack words", 8, 1 },
		{ "64 stack words (variadic)", 64, 1 },
		{ "all vector registers (leaf functions)", STUB_ALL_VECTORS, 1 },
		{ "wide vectors, not in use", STUB_WIDE, 1 },
	};
	uint8_t *code = mmap((void *)(((uintptr_t)main & ~(uintptr_t)4095) - (16 << 20)), 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (code == MAP_FAILED)
		return 2;
	printf("%-40s %5.1f ns\n", "typed wrapper in C", added(typed));
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct stub_site site;

		site = (struct stub_site){ .trampoline = (void *)race_test_plain, .before = before, .after = rows[i].after ? after : NULL,
					   .words = rows[i].words };
		stub_thunk(code, (uintptr_t)code, &site);
		printf("%-40s %5.1f ns\n", rows[i].name, added((long (*)(long, long, long))(void *)code));
	}
	return 0;
}

#else

int main(void)
{
	return 0;
}

#endif
