/* SPDX-License-Identifier: MIT */
/*
 * registers.c - a patched function sees every register as its caller left it, and the caller every register as the function
 * left it: those too that the ABI lets any call change, for compilers know better within one file. Runs the same without
 * a patch. Only rbp is another one inside: it belongs to the frame between the two, and no function looks at its caller's.
 */
#include <cpuid.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, R8, R9, R10, R11, R12, R13, R14, R15, GENERAL };

struct registers {
	uint64_t general[16];   /* offset 0 */
	uint8_t vector[32][64]; /* 128 */
	uint64_t mask[8];       /* 2176 */
} __attribute__((aligned(64)));

struct registers race_test_seen, race_test_set; /* what the function found, and what it leaves */
typedef void call(const struct registers *in, struct registers *out);
void call_sse(const struct registers *in, struct registers *out);
void call_avx(const struct registers *in, struct registers *out);
void call_avx512(const struct registers *in, struct registers *out);

#define V16(op, at) op(0, at) op(1, at) op(2, at) op(3, at) op(4, at) op(5, at) op(6, at) op(7, at) op(8, at) op(9, at) \
	op(10, at) op(11, at) op(12, at) op(13, at) op(14, at) op(15, at)
#define V32(op, at) V16(op, at) op(16, at) op(17, at) op(18, at) op(19, at) op(20, at) op(21, at) op(22, at) op(23, at) \
	op(24, at) op(25, at) op(26, at) op(27, at) op(28, at) op(29, at) op(30, at) op(31, at)
#define K8(op, at) op(0, at) op(1, at) op(2, at) op(3, at) op(4, at) op(5, at) op(6, at) op(7, at)
#define LOAD_X(n, at) "movups 128+64*" #n at ", %xmm" #n "\n"
#define SAVE_X(n, at) "movups %xmm" #n ", 128+64*" #n at "\n"
#define LOAD_Y(n, at) "vmovups 128+64*" #n at ", %ymm" #n "\n"
#define SAVE_Y(n, at) "vmovups %ymm" #n ", 128+64*" #n at "\n"
#define LOAD_Z(n, at) "vmovups 128+64*" #n at ", %zmm" #n "\n"
#define SAVE_Z(n, at) "vmovups %zmm" #n ", 128+64*" #n at "\n"
#define LOAD_K(n, at) "kmovq 2176+8*" #n at ", %k" #n "\n"
#define SAVE_K(n, at) "kmovq %k" #n ", 2176+8*" #n at "\n"

/* The functions that are patched. `set` is loaded into everything that calls may change. */
#define ECHO(name, save, load)                                                                                       \
	__asm__(".text\n.p2align 4\n.globl " #name "\n.type " #name ", @function\n" #name ":\n"                      \
		"mov %rax, race_test_seen+0(%rip)\n mov %rbx, race_test_seen+8(%rip)\n"                              \
		"mov %rcx, race_test_seen+16(%rip)\n mov %rdx, race_test_seen+24(%rip)\n"                            \
		"mov %rsi, race_test_seen+32(%rip)\n mov %rdi, race_test_seen+40(%rip)\n"                            \
		"mov %rbp, race_test_seen+48(%rip)\n mov %r8, race_test_seen+56(%rip)\n"                             \
		"mov %r9, race_test_seen+64(%rip)\n mov %r10, race_test_seen+72(%rip)\n"                             \
		"mov %r11, race_test_seen+80(%rip)\n mov %r12, race_test_seen+88(%rip)\n"                            \
		"mov %r13, race_test_seen+96(%rip)\n mov %r14, race_test_seen+104(%rip)\n"                           \
		"mov %r15, race_test_seen+112(%rip)\n"                                                               \
		save load                                                                                            \
		"mov race_test_set+0(%rip), %rax\n mov race_test_set+16(%rip), %rcx\n"                               \
		"mov race_test_set+24(%rip), %rdx\n mov race_test_set+32(%rip), %rsi\n"                              \
		"mov race_test_set+40(%rip), %rdi\n mov race_test_set+56(%rip), %r8\n"                               \
		"mov race_test_set+64(%rip), %r9\n mov race_test_set+72(%rip), %r10\n"                               \
		"mov race_test_set+80(%rip), %r11\n ret\n.size " #name ", .-" #name "\n")

#define CALL(name, callee, load, save)                                                                               \
	__asm__(".text\n.globl " #name "\n.type " #name ", @function\n" #name ":\n"                                  \
		"push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n push %rsi\n"                \
		load                                                                                                 \
		"mov (%rdi), %rax\n mov 8(%rdi), %rbx\n mov 16(%rdi), %rcx\n mov 24(%rdi), %rdx\n"                   \
		"mov 32(%rdi), %rsi\n mov 48(%rdi), %rbp\n mov 56(%rdi), %r8\n mov 64(%rdi), %r9\n"                  \
		"mov 72(%rdi), %r10\n mov 80(%rdi), %r11\n mov 88(%rdi), %r12\n mov 96(%rdi), %r13\n"                \
		"mov 104(%rdi), %r14\n mov 112(%rdi), %r15\n mov 40(%rdi), %rdi\n"                                   \
		"call " #callee "\n"                                                                                 \
		"xchg %rdi, (%rsp)\n"                                                                                \
		save                                                                                                 \
		"mov %rax, (%rdi)\n mov %rbx, 8(%rdi)\n mov %rcx, 16(%rdi)\n mov %rdx, 24(%rdi)\n"                   \
		"mov %rsi, 32(%rdi)\n mov %rbp, 48(%rdi)\n mov %r8, 56(%rdi)\n mov %r9, 64(%rdi)\n"                  \
		"mov %r10, 72(%rdi)\n mov %r11, 80(%rdi)\n mov %r12, 88(%rdi)\n mov %r13, 96(%rdi)\n"                \
		"mov %r14, 104(%rdi)\n mov %r15, 112(%rdi)\n pop %rax\n mov %rax, 40(%rdi)\n"                        \
		"pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n.size " #name ", .-" #name "\n")

ECHO(pt_echo_sse, V16(SAVE_X, "+race_test_seen(%rip)"), V16(LOAD_X, "+race_test_set(%rip)"));
ECHO(pt_echo_avx, V16(SAVE_Y, "+race_test_seen(%rip)"), V16(LOAD_Y, "+race_test_set(%rip)"));
ECHO(pt_echo_avx512, V32(SAVE_Z, "+race_test_seen(%rip)") K8(SAVE_K, "+race_test_seen(%rip)"),
     V32(LOAD_Z, "+race_test_set(%rip)") K8(LOAD_K, "+race_test_set(%rip)"));
CALL(call_sse, pt_echo_sse, V16(LOAD_X, "(%rdi)"), V16(SAVE_X, "(%rdi)"));
CALL(call_avx, pt_echo_avx, V16(LOAD_Y, "(%rdi)"), V16(SAVE_Y, "(%rdi)") "vzeroupper\n");
CALL(call_avx512, pt_echo_avx512, V32(LOAD_Z, "(%rdi)") K8(LOAD_K, "(%rdi)"),
     V32(SAVE_Z, "(%rdi)") K8(SAVE_K, "(%rdi)") "vzeroupper\n");

static int failed;

static void fill(struct registers *r)
{
	for (size_t i = 0; i < sizeof(*r); i++)
		((uint8_t *)r)[i] = (uint8_t)(rand() >> 7);
}

static void compare(const char *name, const char *when, const struct registers *want, const struct registers *got, int vectors,
		    size_t bytes, int masks)
{
	static const char *const names[] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12",
					     "r13", "r14", "r15" };

	for (int i = 0; i < GENERAL; i++) {
		if (want->general[i] != got->general[i]) {
			printf("not ok %s: %s differs %s\n", name, names[i], when);
			failed++;
			return;
		}
	}
	for (int i = 0; i < vectors; i++) {
		for (size_t at = 0; at < bytes; at++) {
			if (want->vector[i][at] != got->vector[i][at]) {
				printf("not ok %s: byte %zu of vector %d differs %s\n", name, at, i, when);
				failed++;
				return;
			}
		}
	}
	if (masks && memcmp(want->mask, got->mask, sizeof(want->mask))) {
		printf("not ok %s: a mask register differs %s\n", name, when);
		failed++;
	}
}

static void try(const char *name, call *f, int vectors, size_t bytes, int masks)
{
	static const int changed[] = { RAX, RCX, RDX, RSI, RDI, R8, R9, R10, R11 };
	int before = failed;

	for (int round = 0; round < 50; round++) {
		static struct registers in, out, want;

		fill(&in);
		fill(&race_test_set);
		memset(&out, 0, sizeof(out));
		f(&in, &out);
		race_test_seen.general[RBP] = in.general[RBP];
		compare(name, "at the entry", &in, &race_test_seen, vectors, bytes, masks);
		want = race_test_set;
		memcpy(want.general, in.general, sizeof(in.general));
		for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++)
			want.general[changed[i]] = race_test_set.general[changed[i]];
		compare(name, "after the return", &want, &out, vectors, bytes, masks);
		if (failed != before)
			return;
	}
	printf("ok %s\n", name);
}

int main(void)
{
	unsigned a, b, c, d, b7 = 0;

	try("all_general_and_sse_registers_pass", call_sse, 16, 16, 0);
	__cpuid(1, a, b, c, d);
	if (!(c & bit_OSXSAVE) || !(c & bit_AVX)) {
		puts("not run all_avx_registers_pass: this processor has none");
		puts("not run all_avx512_registers_pass: this processor has none");
		return failed > 0;
	}
	try("all_avx_registers_pass", call_avx, 16, 32, 0);
	if (__get_cpuid_count(7, 0, &a, &b7, &c, &d) && (b7 & bit_AVX512BW) && (b7 & bit_AVX512F))
		try("all_avx512_registers_pass", call_avx512, 32, 64, 1);
	else
		puts("not run all_avx512_registers_pass: this processor has none");
	return failed > 0;
}
