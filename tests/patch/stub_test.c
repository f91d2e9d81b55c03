/* SPDX-License-Identifier: MIT */
/*
 * stub_test.c - the generic stub alone: thunks, copied words, alignment, unwinding at every single instruction of it.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unwind.h>

#include "preload/patch/stub.h"

__thread struct race_thread *race_me __attribute__((tls_model("initial-exec")));
uint32_t stub_readable(const struct stub_site *site, uintptr_t fp);

#if defined(__x86_64__)

enum { MOST = 64 };

static int failed;
static uint8_t *code; /* executable, near */
static struct stub_site site;
static long befores, afters;
static uintptr_t seen_fp, seen_return;

static void result(const char *name, int good, const char *why)
{
	if (good) {
		printf("ok %s\n", name);
	} else {
		printf("not ok %s: %s\n", name, why);
		failed = 1;
	}
}

/* race_test_words(n): copies n words of its arguments on the stack to race_test_found, returns rsp modulo 16 at its entry. */
long race_test_words(long n, ...);
long race_test_call(void *f, long n, const uint64_t *words, long skew);
uint64_t race_test_found[MOST];
__asm__(".text\n.globl race_test_words\n.type race_test_words, @function\nrace_test_words:\n"
	"	lea race_test_found(%rip), %r8\n	mov %rdi, %rcx\n"
	"1:	test %rcx, %rcx\n	jz 2f\n	mov (%rsp,%rcx,8), %rdx\n	mov %rdx, -8(%r8,%rcx,8)\n	dec %rcx\n	jmp 1b\n"
	"2:	mov %rsp, %rax\n	and $15, %eax\n	ret\n.size race_test_words, .-race_test_words\n"
	/* race_test_call(f, n, words, skew): calls f(n) with 64 words on the stack, the stack pointer off by skew. */
	".globl race_test_call\n.type race_test_call, @function\nrace_test_call:\n	.cfi_startproc\n"
	"	push %rbp\n	.cfi_def_cfa_offset 16\n	.cfi_offset %rbp, -16\n	mov %rsp, %rbp\n"
	"	.cfi_def_cfa_register %rbp\n	sub $512, %rsp\n	sub %rcx, %rsp\n"
	"	mov %rdi, %rax\n	mov %rsi, %r9\n	mov %rdx, %rsi\n	mov %rsp, %rdi\n	mov $64, %ecx\n	rep movsq\n"
	"	mov %r9, %rdi\n	call *%rax\n	leave\n	.cfi_def_cfa %rsp, 8\n	ret\n	.cfi_endproc\n"
	".size race_test_call, .-race_test_call\n");

static void before(const struct stub_site *s, const struct stub_args *args, const uintptr_t *fp, struct stub_call *call)
{
	(void)args;
	befores += s == &site && (uintptr_t)__builtin_frame_address(0) % 16 == 0;
	seen_fp = (uintptr_t)fp;
	seen_return = fp[1];
	call->user[0] = 4711;
}

static void after(const struct stub_site *s, uint64_t r, const uintptr_t *fp, struct stub_call *call)
{
	afters += s == &site && call->user[0] == 4711 && (uintptr_t)fp == seen_fp && (uintptr_t)__builtin_frame_address(0) % 16 == 0;
	(void)r;
}

static void *thunk_at(uint8_t *at, uint32_t words)
{
	site = (struct stub_site){ .trampoline = (void *)race_test_words, .before = before, .after = after,
				   .entry = (void *)race_test_words, .words = words };
	stub_thunk(at, (uintptr_t)at, &site);
	return at;
}

static void copied_words_are_the_callers(void)
{
	uint64_t words[MOST];
	char why[96] = "";

	for (uint64_t i = 0; i < MOST; i++)
		words[i] = i * 0x0101010101010101u + 7;
	for (long skew = 0; skew <= 8; skew += 8) {
		for (uint32_t n = 0; n <= MOST; n++) {
			long plain, patched;

			plain = race_test_call((void *)race_test_words, n, words, skew);
			memset(race_test_found, 0, sizeof(race_test_found));
			befores = afters = 0;
			patched = race_test_call(thunk_at(code, n), n, words, skew);
			if (memcmp(race_test_found, words, n * sizeof(words[0])))
				snprintf(why, sizeof(why), "%u words differ", n);
			if (plain != patched)
				snprintf(why, sizeof(why), "%u words: rsp %% 16 is %ld, not %ld", n, patched, plain);
			if (befores != 1 || afters != 1)
				snprintf(why, sizeof(why), "%u words: before %ld, after %ld", n, befores, afters);
		}
	}
	result("any_number_of_stack_words_is_copied_and_the_alignment_kept", !*why, why);
}

static void thunks_lead_to_the_stub(void)
{
	uint8_t out[STUB_THUNK_MAX];
	uintptr_t to = (uintptr_t)stub_enter, got;
	int32_t near;
	size_t n;

	n = stub_thunk(out, to + 4096, &site);
	memcpy(&near, out + 16, sizeof(near));
	result("a_near_thunk_is_a_direct_jump", n == 20 && out[15] == 0xe9 && to + 4096 + 20 + (uintptr_t)(intptr_t)near == to,
	       "another one");
	n = stub_thunk(out, to + ((uintptr_t)4 << 30), &site);
	memcpy(&got, out + 21, sizeof(got));
	result("a_far_thunk_jumps_through_an_address", n == 29 && out[15] == 0xff && got == to, "another one");
}

static void the_second_callback_may_be_missing(void)
{
	uint64_t words[MOST] = { 1, 2, 3 };
	void *f = thunk_at(code, 8);

	befores = afters = 0;
	site.after = NULL;
	errno = 99;
	result("without_after_the_result_passes", race_test_call(f, 3, words, 0) == 8 && befores == 1 && afters == 0 && errno == 99 &&
	       race_test_found[2] == 3, "it does not");
}

/* ---- what may be read --------------------------------------------------------------------------------------------------- */

static void words_that_do_not_exist_are_not_read(void)
{
	static uintptr_t memory[sizeof(struct race_thread) / sizeof(uintptr_t) + 1];
	struct race_thread *t = (struct race_thread *)memory;
	uint8_t *stack = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t top = (uintptr_t)stack + 2 * 4096;
	struct stub_site s = { .words = 64 | STUB_ALL_VECTORS };
	uint32_t got[6];

	mprotect(stack + 2 * 4096, 4096, PROT_NONE);
	got[0] = stub_readable(&s, top - 16);
	got[1] = stub_readable(&s, top - 16 - 24);
	got[2] = stub_readable(&s, top - 4096 - 32);
	t->stack_lo = (uintptr_t)stack;
	t->stack_hi = top - 4096 + 40;
	race_me = t;
	got[3] = stub_readable(&s, top - 4096 - 16);
	t->stack_hi = top - 4096 - 8;
	got[4] = stub_readable(&s, top - 4096 - 24);
	t->stack_hi = top + ((uintptr_t)200 << 20); /* a guess so wide says nothing */
	got[5] = stub_readable(&s, top - 16);
	race_me = NULL;
	result("words_behind_the_last_readable_page_are_not_read", got[0] == 0 && got[1] == 3 && got[2] == 64, "they are");
	result("words_behind_the_end_of_the_own_stack_are_not_read", got[3] == 5 && got[4] == 0 && got[5] == 0, "they are");
	munmap(stack, 3 * 4096);
}

/* ---- one step at a time --------------------------------------------------------------------------------------------------- */

static volatile uintptr_t stub_end;
static volatile long steps, wrong;
static uintptr_t expected;

struct pair {
	uintptr_t pc, next;
	int found;
};

static _Unwind_Reason_Code look(struct _Unwind_Context *c, void *to)
{
	struct pair *p = to;

	if (p->found == 1) {
		p->next = _Unwind_GetIP(c);
		p->found = 2;
		return _URC_END_OF_STACK;
	}
	p->found = _Unwind_GetIP(c) == p->pc;
	return _URC_NO_REASON;
}

static void step(int number, siginfo_t *info, void *context)
{
	const ucontext_t *u = context;
	struct pair p = { .pc = (uintptr_t)u->uc_mcontext.gregs[REG_RIP] };

	(void)number;
	(void)info;
	if (p.pc == (uintptr_t)stub_enter)
		expected = *(const uintptr_t *)u->uc_mcontext.gregs[REG_RSP];
	if (p.pc - (uintptr_t)stub_enter >= stub_end - (uintptr_t)stub_enter)
		return;
	steps++;
	_Unwind_Backtrace(look, &p);
	wrong += p.found != 2 || p.next != expected;
}

static void stepped(uint32_t words)
{
	uint64_t data[MOST] = { 0 };
	void *f = thunk_at(code, words);

	__asm__ volatile("pushf\n orq $0x100, (%%rsp)\n popf" ::: "memory", "cc");
	race_test_call(f, words & STUB_WORDS, data, 0);
	__asm__ volatile("pushf\n andq $~0x100, (%%rsp)\n popf" ::: "memory", "cc");
}

static void every_instruction_can_be_unwound(void)
{
	struct sigaction act = { .sa_sigaction = step, .sa_flags = SA_SIGINFO };
	char why[96];

	stub_end = (uintptr_t)stub_enter + 2048; /* up to the next function, which has its own rules */
	for (uintptr_t at = (uintptr_t)stub_enter; at < stub_end; at++) {
		if (_Unwind_FindEnclosingFunction((void *)(at + 1)) != (void *)stub_enter)
			stub_end = at;
	}
	sigaction(SIGTRAP, &act, NULL);
	stepped(0);
	stepped(8);
	stepped(13);
	stepped(STUB_ALL_VECTORS);
	stepped(STUB_WIDE);
	signal(SIGTRAP, SIG_DFL);
	snprintf(why, sizeof(why), "%ld of %ld steps", wrong, steps);
	result("every_instruction_of_the_stub_can_be_unwound", !wrong && steps > 400, why);
}

int main(void)
{
	code = mmap((void *)(((uintptr_t)main & ~(uintptr_t)4095) - (16 << 20)), 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED)
		return 2;
	copied_words_are_the_callers();
	thunks_lead_to_the_stub();
	the_second_callback_may_be_missing();
	words_that_do_not_exist_are_not_read();
	every_instruction_can_be_unwound();
	return failed;
}

#else

int main(void)
{
	puts("not run generic_stub: another machine than x86-64");
	return 0;
}

#endif
