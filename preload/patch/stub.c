/* SPDX-License-Identifier: MIT */
/*
 * stub.c - the wrapper of functions whose type nobody knows: thunks, and the one piece of assembly behind them all.
 *
 * Owns      the machine code of thunks and the layout of the stub's frame.
 * Keeps     every register of a call, not only those that carry arguments and results. Functions of a program that are
 *           called from their own source file are compiled by gcc -O2 with a convention of their own (-fipa-ra): the caller
 *           leaves values in any register that it knows the function not to change. So around `before` and around
 *           `after` all that C code may change is saved and put back: nine general registers always, eight vector
 *           registers before and two after, the other ones unless it is proven that no caller can rely on them
 *           (STUB_ALL_VECTORS), and their upper parts where the function has to do with such (STUB_WIDE).
 * Frame     looks like that of a C function with a frame pointer, from the first instruction on: rbp[0] is the caller's
 *           rbp, rbp[1] the return address, and the CFI says so. The thunk has none: it is two instructions that do not
 *           move the stack pointer. r11 comes as the address of the site; the thunk has put its value into the red zone,
 *           where the stub's frame then grows over it.
 * Stack     the function finds its arguments above its return address, so those are copied: as many words as the site says, but
 *           none that may not exist (stub_readable).
 * errno     is not touched here; `before` and `after` keep it as all of librace does.
 * Must not  allocate or lock. stub_readable may make a system call.
 */
#include "stub.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "../sys/os.h"

#if defined(__x86_64__)

#include <cpuid.h>

#define CPUID_XGETBV_1 (1u << 2) /* of leaf 0xd, 1 */
#define OWN_STACK ((uintptr_t)64 << 20)

/* ---- the frame --------------------------------------------------------------------------------------------------------- */

/*
 * Offsets from rbp. While the function itself runs, only five slots and what before and after share lie below its caller's
 * frame; the scratch below them is given back before the call, so that recursion costs little stack. (Not where words
 * are copied: they are put below the scratch.)
 */
#define SLOT_R11 -8
#define SLOT_TARGET -16 /* after the call rdi */
#define SLOT_SITE -24
#define SLOT_WIDE -32   /* 0, or where the upper parts of vectors are saved */
#define SLOT_CALL -160
#define STUB_FRAME 160
#define SCRATCH_VECTORS -416
#define SCRATCH_R10 -432
#define SCRATCH_ARGS -496 /* struct stub_args; later the results */
#define STUB_SCRATCH 496 /* with the two words above it a multiple of 64 */
#define WIDE_BYTES 2560 /* XSAVE area: header, upper halves, mask registers, all of AVX-512. Its first word holds the mask */

/* Vectors of up to 64 bytes on the stack are aligned to their size by the caller; the copy lies a multiple of that below. */
_Static_assert((STUB_SCRATCH + 16) % 64 == 0, "copied words are aligned as the caller's");
_Static_assert(SLOT_CALL + (int)sizeof(struct stub_call) <= SLOT_WIDE, "what before and after share fits");
_Static_assert(offsetof(struct stub_args, arg) == 0 && offsetof(struct stub_args, stack) == 48 &&
	       offsetof(struct stub_args, rax) == 56 && sizeof(struct stub_args) == 64, "as the assembly writes them");
_Static_assert(offsetof(struct stub_site, trampoline) == 0 && offsetof(struct stub_site, before) == 8 &&
	       offsetof(struct stub_site, after) == 16 && offsetof(struct stub_site, words) == 48 &&
	       STUB_WORDS == 0xffff && STUB_ALL_VECTORS == 0x40000000u && STUB_WIDE == 0x80000000u, "as the assembly reads them");

#define TEXT(x) TEXT_(x)
#define TEXT_(x) #x
#define SLOT(name) TEXT(SLOT_##name) "(%rbp)"
#define ARG(at) "(" TEXT(SCRATCH_ARGS) "+" #at ")(%rbp)"
#define VECTOR(n) "(" TEXT(SCRATCH_VECTORS) "+16*" #n ")(%rbp)"

#define VECTORS_0_1(op) op(0) op(1)
#define VECTORS_2_7(op) op(2) op(3) op(4) op(5) op(6) op(7)
#define VECTORS_8_15(op) op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)
#define SAVE_VECTOR(n) "	movups %xmm" #n ", " VECTOR(n) "\n"
#define LOAD_VECTOR(n) "	movups " VECTOR(n) ", %xmm" #n "\n"

#define LOAD_ARGUMENTS                                                                                               \
	VECTORS_0_1(LOAD_VECTOR)                                                                                     \
	VECTORS_2_7(LOAD_VECTOR)                                                                                     \
	"	mov " ARG(0) ", %rdi\n"                                                                               \
	"	mov " ARG(8) ", %rsi\n"                                                                               \
	"	mov " ARG(16) ", %rdx\n"                                                                              \
	"	mov " ARG(24) ", %rcx\n"                                                                              \
	"	mov " ARG(32) ", %r8\n"                                                                               \
	"	mov " ARG(40) ", %r9\n"                                                                               \
	"	mov " ARG(56) ", %rax\n"                                                                              \
	"	mov " TEXT(SCRATCH_R10) "(%rbp), %r10\n"                                                              \
	"	mov " SLOT(R11) ", %r11\n"

/*
 * What few sites need, out of the way; rdi is the site, rsi stays. First the vector registers that carry
 * neither arguments nor results. Then those wider than 128 bits, if they are in use at all: our own code cannot touch
 * their upper parts, but libc's string functions, which it may call, zero them.
 */
#define SAVE_MORE(here, back, more)                                                                                  \
	#here ":	testb $0x40, 51(%rdi)\n"                                                                      \
	"	jz 1f\n"                                                                                              \
	more                                                                                                         \
	"1:	movq $0, " SLOT(WIDE) "\n"                                                                            \
	"	cmpb $0, 51(%rdi)\n"                                                                                  \
	"	jge " #back "\n"                                                                                      \
	"	cmpb $1, stub_wide_mode(%rip)\n"                                                                      \
	"	jl " #back "\n"                                                                                       \
	"	mov $4, %eax\n"                                                                                       \
	"	jg 1f\n"                                                                                              \
	"	mov $1, %ecx\n"                                                                                       \
	"	xgetbv\n"                                                                                             \
	"	test $0x44, %al\n" /* upper halves of 256 bits, of 512 */                                             \
	"	jz " #back "\n"                                                                                       \
	"	and $0xe4, %eax\n" /* and all that AVX-512 adds */                                                    \
	"1:	sub $" TEXT(WIDE_BYTES) ", %rsp\n"                                                                    \
	"	and $-64, %rsp\n"                                                                                     \
	"	mov %rsp, " SLOT(WIDE) "\n"                                                                           \
	"	mov %rax, (%rsp)\n"                                                                                   \
	"	xor %edx, %edx\n"                                                                                     \
	"	mov %rdx, 512(%rsp)\n"                                                                                \
	"	mov %rdx, 520(%rsp)\n"                                                                                \
	"	mov %rdx, 528(%rsp)\n"                                                                                \
	"	mov %rdx, 536(%rsp)\n"                                                                                \
	"	mov %rdx, 544(%rsp)\n"                                                                                \
	"	mov %rdx, 552(%rsp)\n"                                                                                \
	"	mov %rdx, 560(%rsp)\n"                                                                                \
	"	mov %rdx, 568(%rsp)\n"                                                                                \
	"	cmpb $1, stub_wide_mode(%rip)\n"                                                                      \
	"	jne 1f\n"                                                                                             \
	"	xsavec (%rsp)\n"                                                                                      \
	"	jmp " #back "\n"                                                                                      \
	"1:	xsave (%rsp)\n"                                                                                       \
	"	jmp " #back "\n"

/* Keeps rdi. */
#define LOAD_MORE(here, back, more)                                                                                  \
	#here ":	mov " SLOT(WIDE) ", %rcx\n"                                                                   \
	"	test %rcx, %rcx\n"                                                                                    \
	"	jz 1f\n"                                                                                              \
	"	mov (%rcx), %rax\n"                                                                                   \
	"	xor %edx, %edx\n"                                                                                     \
	"	xrstor (%rcx)\n"                                                                                      \
	"1:	testb $0x40, 51(%rdi)\n"                                                                              \
	"	jz " #back "\n"                                                                                       \
	more                                                                                                         \
	"	jmp " #back "\n"

/*
 * In: everything as at the entry of the function, but r11 = the site, and the value of r11 16 bytes below the stack pointer.
 * The frame is 16-aligned for our own functions even if the caller was not; for the function itself the stack is
 * as the caller had it.
 */
__asm__(".text\n"
	".p2align 5\n"
	".globl stub_enter\n"
	".hidden stub_enter\n"
	".type stub_enter, @function\n"
	"stub_enter:\n"
	"	.cfi_startproc\n"
	"	endbr64\n" /* far thunks jump here through an address */
	"	push %rbp\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset %rbp, -16\n"
	"	mov %rsp, %rbp\n"
	"	.cfi_def_cfa_register %rbp\n"
	"	sub $" TEXT(STUB_SCRATCH) ", %rsp\n"
	"	and $-16, %rsp\n"
	"	mov %rdi, " ARG(0) "\n"
	"	mov %rsi, " ARG(8) "\n"
	"	mov %rdx, " ARG(16) "\n"
	"	mov %rcx, " ARG(24) "\n"
	"	mov %r8, " ARG(32) "\n"
	"	mov %r9, " ARG(40) "\n"
	"	lea 16(%rbp), %rdx\n"
	"	mov %rdx, " ARG(48) "\n"
	"	mov %rax, " ARG(56) "\n"
	"	mov %r10, " TEXT(SCRATCH_R10) "(%rbp)\n"
	"	mov %r11, " SLOT(SITE) "\n"
	VECTORS_0_1(SAVE_VECTOR)
	VECTORS_2_7(SAVE_VECTOR)
	"	mov %r11, %rdi\n"
	"	cmpb $0, 51(%rdi)\n"
	"	jne 20f\n"
	"10:	lea " ARG(0) ", %rsi\n"
	"	mov %rbp, %rdx\n"
	"	lea " SLOT(CALL) ", %rcx\n"
	"	call *8(%rdi)\n"
	"	mov " SLOT(SITE) ", %rdi\n"
	"	cmpb $0, 51(%rdi)\n"
	"	jne 21f\n"
	"11:	mov (%rdi), %rax\n"
	"	mov %rax, " SLOT(TARGET) "\n"
	"	movzwl 48(%rdi), %eax\n"
	"	test %eax, %eax\n"
	"	jnz 4f\n"
	LOAD_ARGUMENTS
	"	lea -" TEXT(STUB_FRAME) "(%rbp), %rsp\n"
	"	call *" SLOT(TARGET) "\n"
	"2:	mov %rdi, " SLOT(TARGET) "\n"
	"	mov " SLOT(SITE) ", %rdi\n"
	"	cmpq $0, 16(%rdi)\n"
	"	je 3f\n"
	"	lea -" TEXT(STUB_SCRATCH) "(%rbp), %rsp\n"
	"	and $-16, %rsp\n"
	"	mov %rax, " ARG(0) "\n"
	"	mov %rsi, " ARG(8) "\n"
	"	mov %rdx, " ARG(16) "\n"
	"	mov %rcx, " ARG(24) "\n"
	"	mov %r8, " ARG(32) "\n"
	"	mov %r9, " ARG(40) "\n"
	"	mov %r10, " ARG(48) "\n"
	"	mov %r11, " ARG(56) "\n"
	VECTORS_0_1(SAVE_VECTOR)
	"	mov %rax, %rsi\n"
	"	cmpb $0, 51(%rdi)\n"
	"	jne 22f\n"
	"12:	mov %rbp, %rdx\n"
	"	lea " SLOT(CALL) ", %rcx\n"
	"	call *16(%rdi)\n"
	"	mov " SLOT(SITE) ", %rdi\n"
	"	cmpb $0, 51(%rdi)\n"
	"	jne 23f\n"
	"13:\n"
	VECTORS_0_1(LOAD_VECTOR)
	"	mov " ARG(56) ", %r11\n"
	"	mov " ARG(48) ", %r10\n"
	"	mov " ARG(40) ", %r9\n"
	"	mov " ARG(32) ", %r8\n"
	"	mov " ARG(24) ", %rcx\n"
	"	mov " ARG(16) ", %rdx\n"
	"	mov " ARG(8) ", %rsi\n"
	"	mov " ARG(0) ", %rax\n"
	"3:	mov " SLOT(TARGET) ", %rdi\n"
	"	.cfi_remember_state\n"
	"	leave\n"
	"	.cfi_def_cfa %rsp, 8\n"
	"	.cfi_restore %rbp\n"
	"	ret\n"
	"	.cfi_restore_state\n"
	/* Words to copy, eax of them. They exist when the last one lies in the page of the return address. */
	"4:	lea 15(%rbp,%rax,8), %rcx\n"
	"	lea 8(%rbp), %rdx\n"
	"	xor %rdx, %rcx\n"
	"	cmp $4096, %rcx\n"
	"	jae 7f\n"
	"5:	cmp $8, %eax\n"
	"	jne 9f\n"
	"	lea -(" TEXT(STUB_SCRATCH) "+64)(%rbp), %rsp\n"
	"	movups 16(%rbp), %xmm0\n"
	"	movups 32(%rbp), %xmm1\n"
	"	movups 48(%rbp), %xmm2\n"
	"	movups 64(%rbp), %xmm3\n"
	"	movups %xmm0, (%rsp)\n"
	"	movups %xmm1, 16(%rsp)\n"
	"	movups %xmm2, 32(%rsp)\n"
	"	movups %xmm3, 48(%rsp)\n"
	"	jmp 8f\n"
	"9:	lea 7(%rax), %ecx\n"
	"	and $-8, %ecx\n"
	"	neg %rcx\n"
	"	lea -" TEXT(STUB_SCRATCH) "(%rbp,%rcx,8), %rsp\n"
	"	test $1, %al\n"
	"	jz 6f\n"
	"	dec %eax\n"
	"	mov 16(%rbp,%rax,8), %rcx\n"
	"	mov %rcx, (%rsp,%rax,8)\n"
	"6:	sub $2, %eax\n"
	"	jl 8f\n"
	"	movups 16(%rbp,%rax,8), %xmm0\n"
	"	movups %xmm0, (%rsp,%rax,8)\n"
	"	jmp 6b\n"
	"7:	mov %rbp, %rsi\n"
	"	call stub_readable\n"
	"	jmp 5b\n"
	"8:\n"
	LOAD_ARGUMENTS
	"	call *" SLOT(TARGET) "\n"
	"	jmp 2b\n"
	SAVE_MORE(20, 10b, VECTORS_8_15(SAVE_VECTOR))
	LOAD_MORE(21, 11b, VECTORS_8_15(LOAD_VECTOR))
	SAVE_MORE(22, 12b, VECTORS_2_7(SAVE_VECTOR) VECTORS_8_15(SAVE_VECTOR))
	LOAD_MORE(23, 13b, VECTORS_2_7(LOAD_VECTOR) VECTORS_8_15(LOAD_VECTOR))
	"	.cfi_endproc\n"
	"	.size stub_enter, .-stub_enter\n"
	"	.previous\n");

/*
 * How many of the site's words may be read above the frame at fp. On the thread's own stack all below its top; on another
 * one (a coroutine's, a signal's) page by page what the kernel lets us read.
 */
uint32_t stub_readable(const struct stub_site *site, uintptr_t fp) __attribute__((visibility("hidden"), used));
uint32_t stub_readable(const struct stub_site *site, uintptr_t fp)
{
	const struct race_thread *t = race_me;
	uintptr_t from = fp + 2 * sizeof(uintptr_t), to = from + (site->words & STUB_WORDS) * sizeof(uintptr_t);

	/* The lower end of the main thread's stack is a guess, so only what is near the top is believed. */
	if (t && fp - t->stack_lo < t->stack_hi - t->stack_lo && t->stack_hi - fp < OWN_STACK) {
		if (to > t->stack_hi)
			to = t->stack_hi > from ? t->stack_hi : from;
	} else {
		for (uintptr_t page = (from - 1) | 4095; page < to - 1; page += 4096) {
			if (!os_readable(page + 1)) {
				to = page + 1;
				break;
			}
		}
	}
	return (uint32_t)((to - from) / sizeof(uintptr_t));
}

/*
 * What this processor can tell: 0 no register is wider than 128 bits, 1 which of them are in use (XGETBV 1), 2 nothing: they are
 * always saved. -1: not asked yet; it is before any thunk exists.
 */
int8_t stub_wide_mode __attribute__((visibility("hidden"))) = -1;

static int8_t wide_mode(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX))
		return 0;
	if (!__get_cpuid_count(0xd, 1, &a, &b, &c, &d))
		return 2;
	return (a & bit_XSAVEC) && (a & CPUID_XGETBV_1) ? 1 : 2;
}

int stub_counting;

static size_t emit(uint8_t *out, size_t at, const void *code, size_t n)
{
	memcpy(out + at, code, n);
	return at + n;
}

size_t stub_thunk(uint8_t *out, uintptr_t at, const struct stub_site *site)
{
	static const uint8_t save[] = { 0x4c, 0x89, 0x5c, 0x24, 0xf0 }; /* mov %r11, -16(%rsp) */
	static const uint8_t load[] = { 0x49, 0xbb };                   /* movabs $site, %r11 */
	static const uint8_t count[] = { 0xf0, 0x49, 0xff, 0x43, offsetof(struct stub_site, calls) }; /* lock incq calls(%r11) */
	static const uint8_t far[] = { 0xff, 0x25, 0, 0, 0, 0 };        /* jmp *0(%rip); .quad stub_enter */
	uintptr_t to = (uintptr_t)stub_enter;
	intptr_t distance;
	int32_t near;
	size_t n;

	_Static_assert(offsetof(struct stub_site, calls) < 128, "a byte holds the offset");
	_Static_assert(sizeof(save) + sizeof(load) + 8 + sizeof(count) + sizeof(far) + 8 <= STUB_THUNK_MAX, "the longest form");
	if (load_relaxed(&stub_wide_mode) < 0)
		store_relaxed(&stub_wide_mode, wide_mode());
	n = emit(out, 0, save, sizeof(save));
	n = emit(out, n, load, sizeof(load));
	n = emit(out, n, &site, sizeof(site));
	if (stub_counting)
		n = emit(out, n, count, sizeof(count));
	distance = (intptr_t)(to - (at + n + 5));
	near = (int32_t)distance;
	if (near == distance) {
		out[n] = 0xe9;
		return emit(out, n + 1, &near, sizeof(near));
	}
	n = emit(out, n, far, sizeof(far));
	return emit(out, n, &to, sizeof(to));
}

#else

/* No thunk is ever made, so nothing comes here. */
void stub_enter(void)
{
	__builtin_trap();
}

size_t stub_thunk(uint8_t *out, uintptr_t at, const struct stub_site *site)
{
	(void)out;
	(void)at;
	(void)site;
	return 0;
}

#endif
